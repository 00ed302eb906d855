using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Reflection;
using System.Runtime.InteropServices;
using Ips.Actors.Launch;
using Ips.Actors.Supervise;
using Ips.Host.Configuration;

namespace Ips.Host.Cli.Doctor;

/// <summary>Finds out how the daemon would run from here. Changes nothing; a port is tried by listening on it for a moment.</summary>
internal static class DoctorProbe
{
    private const UnixFileMode AnyWrite = UnixFileMode.UserWrite | UnixFileMode.GroupWrite | UnixFileMode.OtherWrite;

    /// <summary>Looks around.</summary>
    internal static DoctorFacts Look(LoadedSettings loaded)
    {
        var settings = loaded.Settings;
        var running = DaemonLocator.RunningPid(settings.Ips.PidFile!);
        return new DoctorFacts
        {
            Release = VersionOf(typeof(DoctorProbe)),
            Runtime = RuntimeInformation.FrameworkDescription,
            ActorRuntime = $"Akka.NET {VersionOf(typeof(Akka.Actor.ActorSystem))}",
            Kernel = Line("/proc/sys/kernel/osrelease") ?? "unknown (/proc is not mounted)",
            Init = Line("/proc/1/comm") ?? "unknown",
            Systemd = Directory.Exists("/run/systemd/system"),
            SystemdUnit = Environment.GetEnvironmentVariable("INVOCATION_ID") is not null,
            Container = File.Exists("/.dockerenv") || File.Exists("/run/.containerenv")
                || Environment.GetEnvironmentVariable("container") is not null,
            Pid = Environment.ProcessId,
            HangupIgnored = HangupIgnored(),
            SupervisorProcess = SupervisorProcess.IsNeeded(),
            User = Privileges.CurrentUser,
            RunAs = settings.User,
            UserFault = RunAs.Fault(settings),
            OpenFiles = OpenFiles(),
            MaxBacklog = int.TryParse(Line("/proc/sys/net/core/somaxconn"), CultureInfo.InvariantCulture, out var most) ? most : 0,
            Backlog = settings.Ips.Listener.Backlog,
            RunningPid = running,
            ConfigFile = settings.ConfigFile,
            ConfigProblems = [.. loaded.Problems.Select(problem => problem.ToString())],
            Paths = [.. Paths(settings).Select(entry => (entry.What, entry.Path, FolderFault(entry.Path)))],
            // One that runs has them; that is told already.
            Endpoints = [.. settings.Endpoints.Select(url =>
                (url, running is null && loaded.Problems.Count == 0 ? EndpointFault(url) : null))],
        };
    }

    private static IEnumerable<(string What, string Path)> Paths(DaemonSettings settings)
    {
        yield return ("PID file", settings.Ips.PidFile!);
        yield return ("control socket", $"{settings.Ips.PidFile}.sock");
        if (settings.Ips.Takeover.Socket is { } takeover) yield return ("takeover socket", takeover);
        if (settings.Ips.LogFile is { } log) yield return ("log file", log);
        if (settings.Store is { Postgres: null, Path: { } store }) yield return ("inventory", store);
    }

    // Root makes what is missing, for the user that it becomes.
    private static string? FolderFault(string path)
    {
        var folder = Path.GetDirectoryName(path)!;
        if (!Directory.Exists(folder)) return Privileges.IsRoot ? null : $"there is no folder {folder}";
        if (Privileges.IsRoot) return null;
        try
        {
            if ((File.GetUnixFileMode(folder) & AnyWrite) == 0) return $"nobody may write to {folder}";
            var probe = Path.Combine(folder, $".ips-doctor-{Environment.ProcessId}");
            using (new FileStream(probe, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose))
            {
                return null;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return e.Message;
        }
    }

    private static string? EndpointFault(string url)
    {
        foreach (var endPoint in PrivilegedEndpoints.Of([url], IPEndPoint.MaxPort + 1))
        {
            using var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                socket.Bind(endPoint);
                socket.Listen(1);
            }
            catch (SocketException e) when (e.SocketErrorCode
                is not (SocketError.AddressFamilyNotSupported or SocketError.AddressNotAvailable))
            {
                return e.Message;
            }
            catch (SocketException)
            {
                // Of localhost and * Kestrel needs one family only.
            }
        }

        return null;
    }

    private static long OpenFiles() =>
        Field("/proc/self/limits", "Max open files") is { } line
            && long.TryParse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[3], CultureInfo.InvariantCulture, out var limit)
            ? limit : long.MaxValue;

    private static bool HangupIgnored() =>
        Field("/proc/self/status", "SigIgn") is { } line
            && (ulong.Parse(line.Split('\t')[1], NumberStyles.HexNumber, CultureInfo.InvariantCulture) & 1) != 0;

    private static string? Field(string path, string name) =>
        File.Exists(path) ? File.ReadLines(path).FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal)) : null;

    private static string? Line(string path) => File.Exists(path) ? File.ReadAllText(path).Trim() : null;

    private static string VersionOf(Type type) => type.Assembly
        .GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";
}
