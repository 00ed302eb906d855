using Ips.Actors.Posix;

namespace Ips.Actors.Launch;

/// <summary>Symbolic links that lead to the working directory, for a start that did not say by which of them it came: the kernel knows it
/// only resolved.</summary>
[SupportedOSPlatform("linux")]
internal static class WorkingDirectoryLinks
{
    private const int Levels = 3; // of folders above it, such as /srv/app for /srv/app/releases/1
    private const int MaxEntries = 1000; // looked at in each

    /// <summary>The working directory's names by such links; empty if none is found.</summary>
    /// <param name="directory">The working directory, resolved.</param>
    internal static IReadOnlyList<string> Find(string directory)
    {
        List<string> found = [];
        var below = new List<(FileIdentity Folder, string Below)>();
        var folder = directory;
        for (var level = 0; level < Levels && Path.GetDirectoryName(folder) is { } above; level++, folder = above)
        {
            if (FileIdentity.OfTarget(folder) is { } identity) below.Add((identity, directory[folder.Length..]));
            try
            {
                var entries = new DirectoryInfo(above).EnumerateDirectories().Take(MaxEntries);
                foreach (var link in entries.Where(entry => entry.LinkTarget is not null))
                {
                    var target = FileIdentity.OfTarget(link.FullName);
                    found.AddRange(below.Where(known => known.Folder == target).Select(known => link.FullName + known.Below));
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                return found; // what this user may not list, nobody expects to be found
            }
        }

        return found;
    }
}
