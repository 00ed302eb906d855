using System.Globalization;
using Ips.Actors.Launch;
using Ips.Actors.Posix;

namespace Ips.Host.Cli.Deploy;

/// <summary>Finds which releases processes of this machine run from.</summary>
internal static class ReleaseUsers
{
    /// <summary>The names of those releases.</summary>
    /// <param name="releases">The folder of the releases, links followed.</param>
    /// <param name="user">Whose processes must all be seen.</param>
    /// <returns>Null if a process of that user cannot be looked at: then none is known to be unused.</returns>
    internal static IReadOnlySet<string>? Find(string releases, int user)
    {
        HashSet<string> names = new(StringComparer.Ordinal);
        foreach (var process in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(process), NumberStyles.None, CultureInfo.InvariantCulture, out _)) continue;
            var owner = -1;
            try
            {
                owner = FolderTree.StatusOf(process)?.UserId ?? -1;
                Note(new FileInfo($"{process}/exe").LinkTarget);
                Note(new FileInfo($"{process}/cwd").LinkTarget);
                foreach (var line in File.ReadLines($"{process}/maps"))
                {
                    var at = line.IndexOf('/', StringComparison.Ordinal);
                    if (at > 0) Note(line[at..]);
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                if (owner == user && Directory.Exists(process)) return null;
            }
        }

        return names;

        void Note(string? path)
        {
            if (ReleaseLink.NameIn(releases, path) is { } name) names.Add(name);
        }
    }
}
