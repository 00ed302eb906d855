using Ips.Actors.Posix;

namespace Ips.Actors.Launch;

/// <summary>Where a service keeps what must outlive a stop, a crash and a reboot: its history and its last good release. In the state
/// directory that systemd has made for it (<c>$STATE_DIRECTORY</c>), else beside its PID file, which a reboot may empty.</summary>
[SupportedOSPlatform("linux")]
internal static class StatePaths
{
    private const string RuntimeRoot = "/run/", StateRoot = "/var/lib/"; // %t and %S of the system's units

    /// <summary>The path of a file, for the service itself.</summary>
    /// <param name="pidFile">Its PID file; the file has its name and a suffix.</param>
    /// <param name="suffix">What is added to the name.</param>
    public static string Of(string pidFile, string suffix) =>
        Environment.GetEnvironmentVariable("STATE_DIRECTORY")?.Split(':', StringSplitOptions.RemoveEmptyEntries) is [['/', ..] folder, ..]
            && Directory.Exists(folder) ? Path.Combine(folder, Path.GetFileName(pidFile) + suffix) : pidFile + suffix;

    /// <summary>The path of a file, for a command, which has not the environment of the service: a unit with <c>RuntimeDirectory=</c> and
    /// <c>StateDirectory=</c> of one name keeps it in the latter.</summary>
    /// <inheritdoc cref="Of"/>
    public static string Find(string pidFile, string suffix) => Of(pidFile, suffix) is var own && File.Exists(own) ? own
        : OfUnit(pidFile) is { } state && File.Exists(state + suffix) ? state + suffix : own;

    private static string? OfUnit(string pidFile) =>
        Path.GetFullPath(pidFile) is var path && path.StartsWith(RuntimeRoot, StringComparison.Ordinal)
            && path[RuntimeRoot.Length..].Contains('/', StringComparison.Ordinal) ? StateRoot + path[RuntimeRoot.Length..] : null;
}
