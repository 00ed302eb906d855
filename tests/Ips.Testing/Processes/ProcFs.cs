using System.Globalization;
using System.Text;

namespace Ips.Testing.Processes;

/// <summary>What /proc says of one process that runs, beyond what <see cref="ProcessTable"/> asks of any. See proc(5).</summary>
internal static class ProcFs
{
    /// <summary>The umask, in octal: <c>0022</c>.</summary>
    public static string Umask(int pid) => Status(pid, "Umask");

    /// <summary>Whether a signal is ignored.</summary>
    public static bool Ignores(int pid, int signal) =>
        (ulong.Parse(Status(pid, "SigIgn"), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture) >> (signal - 1) & 1) == 1;

    /// <summary>The signals that it has handlers for, as a bit mask in hexadecimal.</summary>
    public static string CaughtSignals(int pid) => Status(pid, "SigCgt");

    /// <summary>The real, the effective, the saved and the file system's user id.</summary>
    public static IReadOnlyList<int> UserIds(int pid) =>
        [.. Status(pid, "Uid").Split('\t').Select(id => int.Parse(id, CultureInfo.InvariantCulture))];

    /// <summary>The memory that it has in use.</summary>
    public static long ResidentBytes(int pid) => 1024 * long.Parse(Status(pid, "VmRSS").Split(' ')[0], CultureInfo.InvariantCulture);

    /// <summary>The environment that it was started with, as <c>NAME=value</c>.</summary>
    public static IReadOnlyList<string> EnvironmentOf(int pid) =>
        File.ReadAllText($"/proc/{pid}/environ").Split('\0', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>The program.</summary>
    public static string Program(int pid) => Link($"/proc/{pid}/exe");

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

    /// <summary>Whether all threads have stopped, as after SIGSTOP.</summary>
    public static bool IsStopped(int pid) => Directory.EnumerateDirectories($"/proc/{pid}/task").All(task => StateOf(task) == 'T');

    /// <summary>Takes what a process writes to its stdout, a pipe whose reader was stopped, out of that pipe until a text has come. What
    /// was taken, nobody else gets.</summary>
    public static async Task WaitForOutputAsync(int pid, string text)
    {
        await using var pipe = new FileStream(
            $"/proc/{pid}/fd/1", FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 1, useAsync: true);
        var seen = new StringBuilder();
        var buffer = new byte[64 * 1024];
        while (!seen.ToString().Contains(text, StringComparison.Ordinal))
        {
            var got = await pipe.ReadAsync(buffer).AsTask().WaitAsync(Limits.Step);
            if (got == 0) throw new IOException($"Process {pid} ended its output without '{text}': {seen}");
            seen.Append(Encoding.UTF8.GetString(buffer, 0, got));
        }
    }

    /// <summary>Waits until a process has a thread of a name, and that thread and the main one have nothing to do: what they had to send is
    /// sent.</summary>
    public static Task WaitForThreadAtRestAsync(int pid, string name)
    {
        var rests = 0;
        return Eventually.TrueAsync(() => (rests = AtRest() ? rests + 1 : 0) >= 5, $"a thread {name} of {pid} at rest");

        bool AtRest() => Directory.GetDirectories($"/proc/{pid}/task")
            .Where(task => Path.GetFileName(task) == $"{pid}" || Read($"{task}/comm").StartsWith(name, StringComparison.Ordinal))
            .Count(task => StateOf(task) == 'S') == 2;
    }

    // Null for a thread that ended.
    private static char? StateOf(string task) => Read($"{task}/stat") is { Length: > 0 } stat ? stat[stat.LastIndexOf(')') + 2] : null;

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
