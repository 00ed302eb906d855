using Ips.Actors.Posix;

namespace Ips.Actors.SelfReload;

/// <summary>Which release a start would take now: where the program's path leads, and the marker that a deployment writes last.</summary>
/// <param name="program">The program, or the assembly that <c>dotnet</c> runs, by its path with links not followed.</param>
[SupportedOSPlatform("linux")]
internal sealed class ReleaseInPlace(string program)
{
    /// <summary>A file of this name beside the program says, by being written, that the release is complete and new.</summary>
    internal const string Marker = ".ips-release";

    private readonly string? _first = Key(program);

    /// <summary>How the release in place differs from the one that runs; null if it does not, or nothing is in place.</summary>
    public DiskChange? Change() => Key(program) is { } now && now != _first
        ? new(now, $"the release at {program} has changed") : null;

    private static string? Key(string program)
    {
        try
        {
            if (!File.Exists(program)) return null;
            var folder = Path.GetDirectoryName(FileDescriptors.RealPath(program))!;
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
