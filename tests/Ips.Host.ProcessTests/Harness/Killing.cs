using System.Globalization;
using Ips.Testing.Processes;

namespace Ips.Host.ProcessTests.Harness;

/// <summary>Kills a process in the middle of its work, and knows whom that may cost a request: the clients that it has a connection of, at that moment.</summary>
internal static class Killing
{
    /// <summary>SIGSTOP, so that it takes and answers nothing any more, a look at its connections, SIGKILL.</summary>
    /// <returns>As of <see cref="StopAsync"/>.</returns>
    public static async Task<IReadOnlySet<int>> KillAsync(int pid)
    {
        var clients = await StopAsync(pid);
        Assert.True(ProcessTable.Signal(pid, ProcessTable.SigKill));
        await ProcessTable.WaitForEndAsync(pid, Limits.Step);
        return clients;
    }

    /// <summary>SIGSTOP, and a look at its connections.</summary>
    /// <returns>The clients' ports on 127.0.0.1. A connection that it has not accepted is not its own, and is none of them.</returns>
    public static async Task<IReadOnlySet<int>> StopAsync(int pid)
    {
        Assert.True(ProcessTable.Signal(pid, ProcessTable.SigStop), $"The process {pid} is gone already.");
        await Eventually.TrueAsync(() => IsStopped(pid), $"a stop of all threads of {pid}");
        return ClientPorts(pid);
    }

    private static bool IsStopped(int pid) => Directory.EnumerateDirectories($"/proc/{pid}/task").All(task =>
    {
        var stat = File.ReadAllText(Path.Combine(task, "stat"));
        return stat[stat.LastIndexOf(')') + 2] == 'T';
    });

    // proc_pid_net(5): the remote address is the third word, and the tenth is the inode that /proc/PID/fd shows.
    private static HashSet<int> ClientPorts(int pid)
    {
        var sockets = ProcessTable.OpenFiles(pid).Select(line => line[(line.IndexOf("-> ", StringComparison.Ordinal) + 3)..])
            .Where(name => name.StartsWith("socket:[", StringComparison.Ordinal)).Select(name => name[8..^1]).ToHashSet();
        return [.. File.ReadLines($"/proc/{pid}/net/tcp").Skip(1).Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Where(words => sockets.Contains(words[9]))
            .Select(words => int.Parse(words[2].Split(':')[1], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture)).Where(port => port != 0)];
    }
}
