using System.Globalization;
using Ips.Actors.Hosting;

namespace Ips.Host.Configuration;

/// <summary>Lets the daemon run as the user that <c>ips.user</c> names.</summary>
internal static class RunAs
{
    private const string FirstUnprivilegedFile = "/proc/sys/net/ipv4/ip_unprivileged_port_start";
    private const int UsualFirstUnprivileged = 1024;

    /// <summary>Why it must not start as it is; null if it may.</summary>
    internal static string? Fault(DaemonSettings settings) => Privileges.Fault(settings.User, settings.Group, settings.Endpoints.All(EndpointUrl.IsOfThisMachine));

    /// <summary>Opens what only root can, and becomes the user.</summary>
    /// <exception cref="IOException">Something failed; the message says what.</exception>
    internal static void Enter(DaemonSettings settings)
    {
        Privileges.DenyWorldWrite();
        var pidFile = settings.Ips.PidFile!;
        List<string> folders = [Path.GetDirectoryName(pidFile)!];
        List<string> files = [pidFile, $"{pidFile}.lock", LastGoodFile.PathBeside(pidFile)];
        if (settings.Store.Postgres is null && settings.Store.Path is { } store)
        {
            folders.Add(Path.GetDirectoryName(store)!);
            files.AddRange([store, $"{store}-wal", $"{store}-shm", $"{store}-nonces"]);
        }

        Privileges.Drop(
            settings.User, settings.Group, settings.Ips.Takeover.From is null ? PrivilegedEndpoints.Of(settings.Endpoints, FirstUnprivileged()) : [], settings.Ips.Listener.Backlog, folders, files,
            settings.Ips.LogFile);
    }

    private static int FirstUnprivileged() =>
        File.Exists(FirstUnprivilegedFile) && int.TryParse(File.ReadAllText(FirstUnprivilegedFile), CultureInfo.InvariantCulture, out var port) ? port
            : UsualFirstUnprivileged;
}
