using System.Globalization;

namespace Ips.Actors.Posix;

/// <summary>The regular files that a process has open for writing, as <c>/proc/PID/fd</c> and <c>fdinfo</c> show them.</summary>
[SupportedOSPlatform("linux")]
internal static class WrittenFiles
{
    /// <summary>Which files two processes write over each other in.</summary>
    /// <param name="own">This process, or another one of the same user.</param>
    /// <param name="other">Another process of the same user; the same one to learn what a second like it would share with it.</param>
    /// <returns>Their paths; empty also if this may not be looked at.</returns>
    internal static IReadOnlyList<string> SharedBy(int own, int other)
    {
        // The successor first: it has few descriptors open yet, and nearly always none of these.
        var there = Of(other);
        return there.Any(SharedFileMap.IsSuspect) ? SharedFileMap.Between(own == other ? there : Of(own), there) : [];
    }

    /// <summary>The files of a process but those that its standard streams lead to, which generations inherit with their offset, and of
    /// which .NET keeps duplicates.</summary>
    internal static IReadOnlyList<WrittenFile> Of(int pid)
    {
        List<WrittenFile> found = [];
        try
        {
            var inherited = Enumerable.Range(0, StandardStreams.Error + 1)
                .Select(fd => FileIdentity.OfTarget($"/proc/{pid}/fd/{fd}")).ToHashSet();
            foreach (var entry in Directory.EnumerateFileSystemEntries($"/proc/{pid}/fd"))
            {
                if (int.TryParse(Path.GetFileName(entry), NumberStyles.None, CultureInfo.InvariantCulture, out var fd)
                    && Look(pid, fd, entry) is { } file && !inherited.Contains(file.File)) found.Add(file);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return []; // it has ended, or is another user's
        }

        return found;
    }

    private static WrittenFile? Look(int pid, int fd, string entry)
    {
        try
        {
            // Nearly all are sockets, which a look at the name tells.
            if (new FileInfo(entry).LinkTarget is not ['/', ..] path || path.StartsWith("/dev/", StringComparison.Ordinal)
                || FileStatus.Of(Libc.AT_FDCWD, entry, 0, path) is not { IsRegular: true } status
                || FdInfoParser.Parse(File.ReadAllText($"/proc/{pid}/fdinfo/{fd}")) is not { IsWritable: true } info) return null;
            return new WrittenFile(path, status.Identity, info.Appends, info.IsLocked);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null; // closed meanwhile
        }
    }
}
