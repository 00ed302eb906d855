using System.Globalization;

namespace Ips.Host.ProcessTests.Harness;

/// <summary>What /proc says of a process beyond what Ips.Testing's ProcessTable needs. See proc(5).</summary>
internal static class ProcFs
{
    /// <summary>The umask, in octal: <c>0022</c>.</summary>
    public static string Umask(int pid) => Status(pid, "Umask");

    /// <summary>Whether a signal is ignored.</summary>
    public static bool Ignores(int pid, int signal) =>
        (ulong.Parse(Status(pid, "SigIgn"), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture) >> (signal - 1) & 1) == 1;

    /// <summary>The working directory.</summary>
    public static string WorkingDirectory(int pid) => Link($"/proc/{pid}/cwd");

    /// <summary>What a descriptor refers to.</summary>
    public static string Descriptor(int pid, int fd) => Link($"/proc/{pid}/fd/{fd}");

    /// <summary>The session, by its leader's PID.</summary>
    public static int Session(int pid)
    {
        var stat = File.ReadAllText($"/proc/{pid}/stat");
        return int.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[3], CultureInfo.InvariantCulture);
    }

    /// <summary>Takes what a process writes to its stdout, a pipe whose reader was stopped, out of that pipe until a text has come. What was taken, nobody else gets.</summary>
    public static async Task WaitForOutputAsync(int pid, string text)
    {
        await using var pipe = new FileStream($"/proc/{pid}/fd/1", FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 1, useAsync: true);
        var seen = new System.Text.StringBuilder();
        var buffer = new byte[64 * 1024];
        while (!seen.ToString().Contains(text, StringComparison.Ordinal))
        {
            var got = await pipe.ReadAsync(buffer).AsTask().WaitAsync(Limits.Step);
            Assert.True(got > 0, $"Process {pid} ended its output without '{text}': {seen}");
            seen.Append(System.Text.Encoding.UTF8.GetString(buffer, 0, got));
        }
    }

    /// <summary>Waits until a process has a thread of a name, and that thread and the main one have nothing to do: what they had to send is sent.</summary>
    public static Task WaitForThreadAtRestAsync(int pid, string name)
    {
        var rests = 0;
        return Eventually.TrueAsync(() => (rests = AtRest() ? rests + 1 : 0) >= 5, $"a thread {name} of {pid} at rest");

        bool AtRest() => Directory.GetDirectories($"/proc/{pid}/task").Where(task => Path.GetFileName(task) == $"{pid}" || Read($"{task}/comm").StartsWith(name, StringComparison.Ordinal))
            .Count(task => Read($"{task}/stat") is var stat && stat.LastIndexOf(')') is > 0 and var end && stat[end + 2] == 'S') == 2;
    }

    /// <summary>The children, zombies included.</summary>
    public static IReadOnlyList<int> Children(int pid) =>
    [
        .. Directory.EnumerateDirectories($"/proc/{pid}/task").SelectMany(task => Read($"{task}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Select(child => int.Parse(child, CultureInfo.InvariantCulture)),
    ];

    private static string Read(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (IOException)
        {
            return ""; // a thread that ended
        }
    }

    private static string Link(string path) => new FileInfo(path).LinkTarget ?? throw new IOException($"{path} is gone.");

    private static string Status(int pid, string name) =>
        File.ReadLines($"/proc/{pid}/status").Single(line => line.StartsWith($"{name}:", StringComparison.Ordinal)).Split(':')[1].Trim();
}
