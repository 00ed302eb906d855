using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Ips.Actors.Launch;
using Ips.Actors.Posix;

namespace Ips.Actors.Files;

/// <summary>Where an app that names no PID file keeps it.</summary>
[SupportedOSPlatform("linux")]
internal static class RuntimePaths
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    /// <summary>What the control socket's path, and the lock's, add to that of the PID file.</summary>
    internal const string ControlSuffix = ".sock", LockSuffix = ".lock";

    /// <summary><c>&lt;app&gt;.pid</c> in <c>$RUNTIME_DIRECTORY</c> (the first of several), which belongs to one service; else
    /// <c>&lt;app&gt;-&lt;hash of the place&gt;.pid</c> in <c>$XDG_RUNTIME_DIR</c>, else in a folder of mode 0700 in the temporary
    /// directory, which is made: copies of an app, or apps of one name, share those. A folder that is somebody else's, or that everybody
    /// may write to, is passed over.</summary>
    /// <param name="applicationName">The app's name.</param>
    /// <param name="program">The path by which the app was started, links not followed: a link <c>current</c> stays one service over its
    /// releases.</param>
    /// <param name="tellReplaced">Told why a folder was passed over, and which one is used.</param>
    /// <exception cref="IOException">No folder can be made in the temporary directory.</exception>
    public static string DefaultPidFile(string applicationName, string program, Action<string, string> tellReplaced)
    {
        List<string> faults = [];
        var own = FirstFolder("RUNTIME_DIRECTORY", faults);
        var folder = own ?? FirstFolder("XDG_RUNTIME_DIR", faults) ?? OwnTemporaryFolder(faults);
        if (faults.Count > 0) tellReplaced(string.Join(' ', faults), folder);
        var place = own is null ? "-" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(program)).AsSpan(0, 4)) : "";
        return Path.Combine(folder, FileName(applicationName) + place + ".pid");
    }

    /// <summary>The PID file of the predecessor, beside the control socket that it has handed over: nobody could guess a folder that was
    /// made for it alone.</summary>
    /// <returns>Null in a first generation, and where the socket's name does not say.</returns>
    public static string? PidFileOf(GenerationContext generation) =>
        generation is { IsTakeover: false, ControlFd: { } control }
            && ListeningSockets.LocalEndPoint(control) is UnixDomainSocketEndPoint bound
        && bound.ToString() is { } path && path.StartsWith('/') && !path.StartsWith("/proc/", StringComparison.Ordinal)
            && path.EndsWith(ControlSuffix, StringComparison.Ordinal)
            ? path[..^ControlSuffix.Length] : null;

    /// <summary>The PID file of the predecessor, where this generation has another one.</summary>
    /// <param name="generation">This generation.</param>
    /// <param name="pidFile">Its PID file, absolute.</param>
    /// <returns>Null if both have the same, and where nothing says which the predecessor has.</returns>
    public static string? FormerPidFile(GenerationContext generation, string pidFile)
    {
        if (generation.IsTakeover) return null;
        if (generation.LockFd is { } fd && FileIdentity.OfPath(RuntimeFiles.LockOf(pidFile)) == FileIdentity.OfDescriptor(fd)) return null;
        return (PidFileOf(generation) ?? OfLock(generation.LockFd)) is { } former && !IsSamePlace(former, pidFile) ? former : null;
    }

    // A lock that was removed is at the place that it had.
    private static string? OfLock(int? lockFd) =>
        lockFd is { } fd && new FileInfo($"/proc/self/fd/{fd}").LinkTarget is ['/', ..] target && target.Split(" (deleted)")[0] is var path
        && path.EndsWith(LockSuffix, StringComparison.Ordinal) ? path[..^LockSuffix.Length] : null;

    private static bool IsSamePlace(string one, string other) =>
        Path.GetFileName(one) == Path.GetFileName(other)
        && FileIdentity.OfTarget(Path.GetDirectoryName(one)!) is { } folder
        && folder == FileIdentity.OfTarget(Path.GetDirectoryName(other)!);

    /// <summary>The app's name with everything replaced that is not a letter, a digit, a dot or a dash.</summary>
    public static string FileName(string applicationName) =>
        string.Concat(applicationName.Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' ? c : '_')).TrimStart('.')
            is { Length: > 0 } name
            ? name
            : "app";

    // Who set the variable may have been another user: su and sudo can pass it on.
    private static string? FirstFolder(string variable, List<string> faults)
    {
        if (Environment.GetEnvironmentVariable(variable)?.Split(':', StringSplitOptions.RemoveEmptyEntries) is not [['/', ..] first, ..]
            || !Directory.Exists(first))
            return null;
        if (FaultOf(first, followLast: true) is not { } fault) return first;
        faults.Add($"${variable} is not used: {fault}");
        return null;
    }

    // Others may write to the temporary directory, so a folder that is there already is not trusted unless it is ours alone.
    private static string OwnTemporaryFolder(List<string> faults)
    {
        var folder = Path.Combine(Path.GetTempPath(), $"ips-{ProcessAttributes.EffectiveUserId}");
        using (var place = GuardedPath.Walk(folder, followLast: false))
        {
            place.MakeFolder((int)OwnerOnly);
        }

        if (FaultOf(folder, followLast: false) is not { } fault) return folder;
        faults.Add(fault);
        // mkdtemp(3): mode 0700, a name that nobody can guess
        return Directory.CreateTempSubdirectory($"ips-{ProcessAttributes.EffectiveUserId}-").FullName;
    }

    private static string? FaultOf(string folder, bool followLast)
    {
        try
        {
            using var place = GuardedPath.Walk(folder, followLast);
            return place.Status() switch
            {
                null => $"{folder} has just been removed.",
                { IsFolder: false } => $"{folder} is not a folder.",
                { IsOurs: false } other =>
                    $"{folder} belongs to uid {other.UserId}, and this process runs as uid {ProcessAttributes.EffectiveUserId}.",
                { UserId: 0 } when !followLast && ProcessAttributes.EffectiveUserId != 0 =>
                    $"{folder} belongs to root, and this process runs as uid {ProcessAttributes.EffectiveUserId}.",
                { OthersMayWrite: true } open when !followLast
                    || (open.Permissions & 2) != 0 => $"{folder} has mode {GuardedPath.Octal(open.Permissions)}: others may write to it.",
                _ => null,
            };
        }
        catch (UnsafePathException e)
        {
            return e.Message;
        }
    }
}
