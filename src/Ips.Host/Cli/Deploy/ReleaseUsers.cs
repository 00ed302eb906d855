using System.Globalization;
using Ips.Actors.Launch;
using Ips.Actors.Posix;

namespace Ips.Host.Cli.Deploy;

/// <summary>Finds which releases processes of this machine run from: by their program, their working directory, and the files that they
/// have mapped.</summary>
internal static class ReleaseUsers
{
    private const int NameLength = 15; // of a process, as the kernel keeps it

    /// <summary>The names of those releases.</summary>
    /// <param name="releases">The folder of the releases, links followed.</param>
    /// <param name="program">The program of the service, or its assembly.</param>
    /// <returns>Null if a process that may be one of the service cannot be looked at: then no release is known to be unused.</returns>
    internal static IReadOnlySet<string>? Find(string releases, string program)
    {
        var name = program.EndsWith(".dll", StringComparison.Ordinal) ? "dotnet" : Path.GetFileName(program);
        if (name.Length > NameLength) name = name[..NameLength];
        HashSet<string> names = new(StringComparer.Ordinal);
        foreach (var process in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(process), NumberStyles.None, CultureInfo.InvariantCulture, out var pid)) continue;
            try
            {
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
                // Gone meanwhile, or another program, such as an agent that lets nobody look at it.
                if (ProcStat.Of(pid) is { HasEnded: false } && NameOf(process) == name) return null;
            }
        }

        return names;

        void Note(string? path)
        {
            if (ReleaseLink.NameIn(releases, path) is { } release) names.Add(release);
        }
    }

    private static string? NameOf(string process)
    {
        try
        {
            return File.ReadAllText($"{process}/comm").TrimEnd('\n');
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null; // gone
        }
    }
}
