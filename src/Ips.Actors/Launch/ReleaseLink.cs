namespace Ips.Actors.Launch;

/// <summary>The layout that <c>ips deploy</c> works with: a folder with the link <c>current</c>, and the releases in <c>releases/</c>.
/// Pure.</summary>
/// <param name="Folder">The folder that holds both, absolute, by the links that the service was started by.</param>
internal sealed record ReleaseLink(string Folder)
{
    /// <summary>The name of the link, and of the folder of the releases.</summary>
    public const string CurrentName = "current", ReleasesName = "releases";

    /// <summary>The link.</summary>
    public string Current => System.IO.Path.Combine(Folder, CurrentName);

    /// <summary>The folder of the releases.</summary>
    public string Releases => System.IO.Path.Combine(Folder, ReleasesName);

    /// <summary>The folder of a release.</summary>
    public string PathOf(string name) => System.IO.Path.Combine(Releases, name);

    /// <summary>The link by which a service was started: the last folder <c>current</c> on the way to its program.</summary>
    /// <param name="command">How it was started.</param>
    /// <param name="entryFile">The file name of its entry assembly.</param>
    /// <returns>Null if no such folder is on the way.</returns>
    public static ReleaseLink? Of(StartCommand command, string entryFile) =>
        Above(Path.GetDirectoryName(command.AppPath(entryFile))) is { } folder ? new ReleaseLink(folder) : null;

    /// <summary>What a start command names a release by: the link, or the app's folder where there is none.</summary>
    public static string RootOf(StartCommand command, string entryFile) =>
        Of(command, entryFile)?.Current ?? Path.GetDirectoryName(Path.GetFullPath(command.AppPath(entryFile))) ?? "/";

    /// <summary>The program of the service inside a release, relative to the release's folder.</summary>
    public static string ProgramOf(StartCommand command, string entryFile) =>
        Path.GetRelativePath(RootOf(command, entryFile), Path.GetFullPath(command.AppPath(entryFile)));

    /// <summary>The release that a path is in.</summary>
    /// <param name="releases">The folder of the releases, links followed.</param>
    /// <param name="path">A path, links followed.</param>
    /// <returns>Null if it is in none.</returns>
    public static string? NameIn(string releases, string? path) =>
        path is not null && path.StartsWith(releases + "/", StringComparison.Ordinal)
            && path[(releases.Length + 1)..].Split('/')[0] is var name && ReleaseName.Fault(name) is null ? name : null;

    /// <summary>Whether a path, relative to a folder, stays in it.</summary>
    public static bool IsInside(string path) =>
        path.Length > 0 && path[0] != '/' && !path.Contains('\0', StringComparison.Ordinal) && !path.Split('/').Contains("..");

    private static string? Above(string? path)
    {
        if (path is null) return null;
        var full = Path.GetFullPath(path) + "/";
        return full.LastIndexOf($"/{CurrentName}/", StringComparison.Ordinal) is > 0 and var at ? full[..at] : null;
    }
}
