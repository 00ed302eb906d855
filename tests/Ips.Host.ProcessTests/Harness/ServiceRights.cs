using Ips.Testing.Processes;
using Mono.Unix.Native;

namespace Ips.Host.ProcessTests.Harness;

/// <summary>Which user the processes of a service act as, and whether they could become another one.</summary>
internal static class ServiceRights
{
    /// <summary>The user without rights, as every Linux machine has it.</summary>
    public const string User = "nobody", UserId = "65534";

    private const UnixFileMode OpenFolder = (UnixFileMode)0b111_101_101;

    /// <summary>The processes that run the daemon's program: not what the test started it by.</summary>
    public static IReadOnlyList<int> Daemons(Service service) => [.. service.Processes.Alive().Where(IsDaemon)];

    /// <summary>Makes a service's folder the user's, in a folder that the user can look into.</summary>
    public static async Task GiveFolderAsync(string testFolder, Service service)
    {
        File.SetUnixFileMode(testFolder, OpenFolder);
        var result = await IpsCommand.RunProgramAsync(null, null, "chown", User, service.Folder);
        Assert.True(result.ExitCode == 0, result.ToString());
    }

    /// <summary>No thread of these processes is root's in any way, has a capability, or can gain a right by a program that it
    /// executes.</summary>
    /// <param name="pids">At least one.</param>
    public static void AssertNoneIsRoot(IReadOnlyList<int> pids)
    {
        Assert.NotEmpty(pids);
        foreach (var pid in pids)
        {
            foreach (var thread in Directory.EnumerateDirectories($"/proc/{pid}/task"))
            {
                if (TryRead($"{thread}/status") is not { Length: > 0 } status) continue; // a thread that ended
                var told = $"{thread}: {string.Join(", ", Lines(status, "Name:", "Uid:", "NoNewPrivs:"))}";
                Assert.True(status.Contains($"Uid:\t{UserId}\t{UserId}\t{UserId}\t{UserId}"), told);
                Assert.True(status.Contains("NoNewPrivs:\t1"), told);
                Assert.All(Lines(status, "Gid:", "Groups:"), line => Assert.DoesNotContain("0", line.Split((char[])[' ', '\t'])));
                var rights = Lines(status, "CapInh:", "CapPrm:", "CapEff:", "CapAmb:").ToList();
                Assert.Equal(4, rights.Count);
                Assert.All(rights, line => Assert.EndsWith("\t0000000000000000", line, StringComparison.Ordinal));
            }
        }
    }

    /// <summary>The user that a process acts as.</summary>
    /// <returns>Null if it has ended.</returns>
    public static string? UserOf(int pid) =>
        TryRead($"/proc/{pid}/status")?.FirstOrDefault(line => line.StartsWith("Uid:", StringComparison.Ordinal))?.Split('\t')[2];

    /// <summary>What a process's runtime has made for debuggers in the temporary directory, with the owner's number.</summary>
    public static IReadOnlyList<(string Path, string Owner)> RuntimeFiles(int pid) =>
    [
        .. new[] { "dotnet-diagnostic", "clr-debug-pipe" }
            .SelectMany(name => Directory.EnumerateFiles(Path.GetTempPath(), $"{name}-{pid}-{ProcessTable.StartTimeOf(pid)}-*"))
            .Select(path => (path, Syscall.lstat(path, out var stat) == 0 ? $"{stat.st_uid}" : "gone")),
    ];

    private static IEnumerable<string> Lines(string[] status, params string[] names) =>
        status.Where(line => Array.Exists(names, name => line.StartsWith(name, StringComparison.Ordinal)));

    private static bool IsDaemon(int pid)
    {
        try
        {
            return new FileInfo($"/proc/{pid}/exe").LinkTarget is { } program && Path.GetFileName(program) == Binaries.Ips;
        }
        catch (IOException)
        {
            return false; // it ended meanwhile
        }
    }

    private static string[]? TryRead(string path)
    {
        try
        {
            return File.ReadAllLines(path);
        }
        catch (IOException)
        {
            return null;
        }
    }
}
