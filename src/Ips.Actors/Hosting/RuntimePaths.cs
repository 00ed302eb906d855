using Ips.Actors.Posix;

namespace Ips.Actors.Hosting;

/// <summary>Where an app that names no PID file keeps it.</summary>
internal static class RuntimePaths
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary><c>&lt;app&gt;.pid</c> in <c>$RUNTIME_DIRECTORY</c> (the first of several), else <c>$XDG_RUNTIME_DIR</c>, else a folder
    /// of mode 0700 in the temporary directory, which is made.</summary>
    /// <exception cref="IOException">The folder in the temporary directory belongs to someone else or is open to others.</exception>
    public static string DefaultPidFile(string applicationName)
    {
        var folder = FirstFolder(Environment.GetEnvironmentVariable("RUNTIME_DIRECTORY"))
            ?? FirstFolder(Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR"))
            ?? OwnTemporaryFolder();
        return Path.Combine(folder, FileName(applicationName) + ".pid");
    }

    /// <summary>The app's name with everything replaced that is not a letter, a digit, a dot or a dash.</summary>
    public static string FileName(string applicationName) =>
        string.Concat(applicationName.Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' ? c : '_')).TrimStart('.') is { Length: > 0 } name
            ? name
            : "app";

    private static string? FirstFolder(string? value) =>
        value?.Split(':', StringSplitOptions.RemoveEmptyEntries) is [['/', ..] first, ..] && Directory.Exists(first) ? first : null;

    // Others may write to the temporary directory, so a folder that is there already is not trusted unless it is ours alone.
    private static string OwnTemporaryFolder()
    {
        var folder = Path.Combine(Path.GetTempPath(), $"ips-{ProcessAttributes.EffectiveUserId}");
        Directory.CreateDirectory(folder, OwnerOnly);
        var info = new DirectoryInfo(folder);
        return info.LinkTarget is null && info.UnixFileMode == OwnerOnly && FileIdentity.OwnerOf(folder) == ProcessAttributes.EffectiveUserId
            ? folder
            : throw new IOException($"{folder} is not a folder of mode 0700 of user {ProcessAttributes.EffectiveUserId}; remove it, or set Ips:PidFile.");
    }
}
