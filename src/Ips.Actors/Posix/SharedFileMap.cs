namespace Ips.Actors.Posix;

/// <summary>A file that a process has open for writing.</summary>
/// <param name="Path">Its path as the kernel has it.</param>
/// <param name="File">Which file it is.</param>
/// <param name="Appends">It is open with O_APPEND.</param>
/// <param name="IsLocked">A lock shows that the program coordinates with others.</param>
internal readonly record struct WrittenFile(string Path, FileIdentity File, bool Appends, bool IsLocked);

/// <summary>Which files two processes write over each other in. Pure.</summary>
[SupportedOSPlatform("linux")]
internal static class SharedFileMap
{
    private const string NamedMutexes = "/.dotnet/shm/"; // where .NET keeps the mutexes that have a name
    private static readonly string[] Databases = [".db", "-wal", "-shm", "-journal", ".sqlite", ".sqlite3", ".mdb", ".ldb"];

    /// <summary>Whether nobody but its own program coordinates writes to a file like this: a log, most likely. Databases do.</summary>
    public static bool IsSuspect(WrittenFile file) => file is { Appends: false, IsLocked: false } && !IsMutex(file)
        && !file.Path.EndsWith(" (deleted)", StringComparison.Ordinal)
        && !Databases.Any(end => file.Path.EndsWith(end, StringComparison.OrdinalIgnoreCase));

    /// <summary>The paths of the files that both have open for writing, neither with O_APPEND nor under a lock.</summary>
    /// <param name="one">The files of one process.</param>
    /// <param name="other">The files of the other.</param>
    public static IReadOnlyList<string> Between(IReadOnlyCollection<WrittenFile> one, IReadOnlyCollection<WrittenFile> other)
    {
        var there = other.Where(IsSuspect).Select(file => file.File).ToHashSet();
        var mutexes = other.Where(IsMutex).Select(file => file.File).ToHashSet();
        var shared = one.Where(file => IsMutex(file) && mutexes.Contains(file.File)).Select(file => file.Path).ToList();
        return
        [
            .. one.Where(file => IsSuspect(file) && there.Contains(file.File) && !shared.Exists(mutex => Guards(mutex, file.Path)))
                .Select(file => file.Path).Distinct().Order(StringComparer.Ordinal),
        ];
    }

    // A mutex that is named after the file, as Serilog's with `shared: true`: each line goes to the end while it is held.
    private static bool Guards(string mutex, string path) =>
        Path.GetFileName(mutex).Contains(path.Replace('/', ':'), StringComparison.Ordinal);

    private static bool IsMutex(WrittenFile file) => file.Path.Contains(NamedMutexes, StringComparison.Ordinal);
}
