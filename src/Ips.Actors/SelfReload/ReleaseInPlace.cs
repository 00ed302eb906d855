using Ips.Actors.Posix;

namespace Ips.Actors.SelfReload;

/// <summary>Which release a start would take now: where the program's path leads, and the marker that a deployment writes last.</summary>
[SupportedOSPlatform("linux")]
internal sealed class ReleaseInPlace
{
    /// <summary>A file of this name beside the program says, by being written, that the release is complete and new.</summary>
    internal const string Marker = ".ips-release";

    private readonly string _program;
    private readonly string? _first, _own;

    /// <param name="program">The program, or the assembly that <c>dotnet</c> runs, by its path with links not followed.</param>
    /// <param name="ownFolder">The release that runs: <c>ips deploy</c> starts one that the path does not lead to yet.</param>
    public ReleaseInPlace(string program, string ownFolder) =>
        (_program, _first, _own) = (program, InPlace(program), Key(ownFolder.TrimEnd('/')));

    /// <summary>How the release in place differs from the one that runs, and from the one that was in place when it started; null if it
    /// does not, or nothing is in place.</summary>
    public DiskChange? Change() => InPlace(_program) is { } now && now != _first && now != _own
        ? new(now, $"the release at {_program} has changed") : null;

    private static string? InPlace(string program) => File.Exists(program) ? Key(Path.GetDirectoryName(program)!) : null;

    private static string? Key(string path)
    {
        try
        {
            var folder = FileDescriptors.RealPath(path);
            var marker = new FileInfo(Path.Combine(folder, Marker));
            return marker.Exists
                ? $"{folder} {FileIdentity.OfTarget(marker.FullName)} {marker.LastWriteTimeUtc.Ticks} {marker.Length}" : folder;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null; // it is being switched
        }
    }
}
