using System.Globalization;
using Ips.Actors.Files;
using Ips.Actors.Handover;
using Ips.Actors.Launch;
using Ips.Actors.Lifecycle;

namespace Ips.Host.Configuration;

/// <summary>Lets the service run as the user that <c>ips.user</c> names: the daemon, the supervisor, and <c>ips start</c>, which waits
/// for the daemon.</summary>
internal static class RunAs
{
    private const string FirstUnprivilegedFile = "/proc/sys/net/ipv4/ip_unprivileged_port_start";
    private const int UsualFirstUnprivileged = 1024;

    /// <summary>Why it must not start as it is; null if it may.</summary>
    internal static string? Fault(DaemonSettings settings) =>
        ConfigurationFault(settings) ?? Privileges.Fault(settings.User, settings.Group,
            settings.Endpoints.All(EndpointUrl.IsOfThisMachine));

    /// <summary>Why root must not follow the configuration file: a user who can write to it decides which user root becomes and what it
    /// runs. Null if root may.</summary>
    internal static string? ConfigurationFault(DaemonSettings settings) =>
        Privileges.IsRoot && settings.ConfigFile is { } file
            && ServiceFiles.TrustFault(file) is { } fault ? $"the configuration file is not to be trusted: {fault}" : null;

    /// <summary>Comes before anything else of a service: as root, opens what only root can, and starts this program anew as the
    /// user.</summary>
    /// <returns>Why this process must end; null if it may go on, as the user that it is.</returns>
    internal static (string Message, ExitCode Code)? TryEnter(DaemonSettings settings)
    {
        if (Fault(settings) is { } fault) return (fault, ExitCode.Misconfigured);
        try
        {
            Enter(settings);
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or HandoverRefusedException)
        {
            return (e.Message, ExitCode.Failed);
        }
    }

    private static void Enter(DaemonSettings settings)
    {
        Privileges.DenyWorldWrite();
        var pidFile = settings.Ips.PidFile!;
        List<string> folders = [Path.GetDirectoryName(pidFile)!];
        List<string> files = [pidFile, RuntimeFiles.LockOf(pidFile), LastGoodFile.PathOf(pidFile), HistoryFile.PathOf(pidFile)];
        if (settings.Store.Postgres is null && settings.Store.Path is { } store)
        {
            folders.Add(Path.GetDirectoryName(store)!);
            foreach (var database in (string[])[store, $"{store}-nonces"]) files.AddRange([database, $"{database}-wal", $"{database}-shm"]);
        }

        Privileges.Drop(
            settings.User, settings.Group,
            settings.Ips.Takeover.From is null ? PrivilegedEndpoints.Of(settings.Endpoints, FirstUnprivileged()) : [],
            settings.Ips.Listener.Backlog, folders, files, settings.Ips.LogFile);
    }

    private static int FirstUnprivileged() =>
        File.Exists(FirstUnprivilegedFile) && int.TryParse(File.ReadAllText(FirstUnprivilegedFile), CultureInfo.InvariantCulture,
            out var port) ? port
            : UsualFirstUnprivileged;
}
