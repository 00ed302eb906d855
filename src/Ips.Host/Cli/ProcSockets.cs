using System.Globalization;
using Ips.Actors.Files;

namespace Ips.Host.Cli;

/// <summary>Finds the control socket of a process: the Unix socket among its descriptors that listens at a path ending in
/// <c>.sock</c>.</summary>
internal static class ProcSockets
{
    /// <summary>The path of the control socket.</summary>
    /// <exception cref="CliException">There is no such process, this user may not look into it, or it has none.</exception>
    internal static string ControlSocketOf(int pid)
    {
        try
        {
            var paths = SocketsOf(pid);
            // An app may listen for HTTP at a path of that name too; ours has its PID file beside it.
            return paths.FirstOrDefault(path => File.Exists(path[..^RuntimePaths.ControlSuffix.Length]))
                ?? (paths.Count > 0 ? paths[0] : null)
                ?? throw new CliException(CliExitCode.Failed,
                    $"Process {pid} has no control socket: it is not ips, nor an app with AddIps(), or it is still starting.");
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new CliException(CliExitCode.Failed, $"There is no process {pid}.");
        }
        catch (UnauthorizedAccessException)
        {
            throw new CliException(CliExitCode.Failed, $"This user may not look into process {pid}; its own user and root may.");
        }
    }

    /// <summary>The paths ending in <c>.sock</c> that the process listens at.</summary>
    internal static IReadOnlyList<string> SocketsOf(int pid)
    {
        var own = SocketInodes(pid);
        // Of the process, not of ours: it may live in another network namespace.
        var sockets = ProcNetUnixParser.Parse(File.ReadAllText($"/proc/{pid}/net/unix"));
        return [.. sockets.Where(s => own.Contains(s.Inode) && s.Path.EndsWith(RuntimePaths.ControlSuffix, StringComparison.Ordinal))
            .Select(s => Reachable(pid, s.Path))];
    }

    private static HashSet<long> SocketInodes(int pid)
    {
        HashSet<long> inodes = [];
        foreach (var link in Directory.EnumerateFileSystemEntries($"/proc/{pid}/fd"))
        {
            string? target;
            try
            {
                target = new FileInfo(link).LinkTarget;
            }
            catch (FileNotFoundException)
            {
                continue; // closed since it was listed
            }
            if (target is not null && target.StartsWith("socket:[", StringComparison.Ordinal)
                && long.TryParse(target.AsSpan("socket:[".Length, target.Length - "socket:[]".Length), NumberStyles.None,
                    CultureInfo.InvariantCulture, out var inode))
                inodes.Add(inode);
        }
        return inodes;
    }

    // A path is as the process bound it: relative to its directory, or by way of a descriptor of its own if it was too long.
    private static string Reachable(int pid, string path) =>
        path.StartsWith("/proc/self/", StringComparison.Ordinal) ? $"/proc/{pid}/{path["/proc/self/".Length..]}"
        : path.StartsWith('/') ? path : $"/proc/{pid}/cwd/{path}";
}
