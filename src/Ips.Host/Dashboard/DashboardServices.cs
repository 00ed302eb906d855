using Ips.Actors.Files;
using Ips.Actors.Posix;
using Ips.Host.Cli;

namespace Ips.Host.Dashboard;

/// <summary>Finds the services that a page shows.</summary>
internal static class DashboardServices
{
    /// <summary>The most services on one page.</summary>
    internal const int Most = 24;

    /// <summary>What the path of a control socket adds to that of its PID file.</summary>
    internal const string SocketSuffix = RuntimePaths.ControlSuffix;

    /// <summary>A path that outlives the process: <c>/proc/PID/…</c> ends with it.</summary>
    internal static string Lasting(string socketPath)
    {
        if (!socketPath.StartsWith("/proc/", StringComparison.Ordinal)) return socketPath;
        try
        {
            var real = Path.Combine(RealPath.Of(Path.GetDirectoryName(socketPath)!), Path.GetFileName(socketPath));
            // A process in another container has other paths.
            return FileIdentity.OfSocketPath(real) is { } socket && socket == FileIdentity.OfSocketPath(socketPath) ? real : socketPath;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return socketPath;
        }
    }

    /// <summary>The control sockets of all services that this user may ask: a socket that listens beside the PID file and the lock of its
    /// service, and belongs to this user, or to anybody if this is root.</summary>
    internal static IReadOnlyList<string> OfThisUser()
    {
        try
        {
            return [.. ProcNetUnixParser.Parse(File.ReadAllText("/proc/net/unix")).Select(socket => socket.Path)
                .Where(path => path.StartsWith('/') && path.EndsWith(SocketSuffix, StringComparison.Ordinal))
                .Distinct(StringComparer.Ordinal).Where(IsOurs).Order(StringComparer.Ordinal).Take(Most)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return []; // a container without /proc/net
        }
    }

    private static bool IsOurs(string socketPath)
    {
        try
        {
            var pidFile = socketPath[..^SocketSuffix.Length];
            return File.Exists(pidFile) && File.Exists(pidFile + RuntimePaths.LockSuffix)
                && DaemonLocator.RunningPid(pidFile) is not null
                && (ProcessAttributes.EffectiveUserId is 0 || FileIdentity.OwnerOf(socketPath) == ProcessAttributes.EffectiveUserId);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false; // it has just ended
        }
    }
}
