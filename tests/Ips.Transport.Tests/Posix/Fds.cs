using Ips.Actors.Posix;

namespace Ips.Transport.Tests.Posix;

/// <summary>What tests ask about descriptors.</summary>
internal static class Fds
{
    internal static readonly TimeSpan Bound = TimeSpan.FromSeconds(20);

    /// <summary>Repeats an action and fails if it leaves descriptors open. Other threads of the runtime may open a few meanwhile.</summary>
    internal static void AssertNoLeak(Action action)
    {
        const int Times = 40;
        action();
        var before = FileDescriptors.CountOpen();
        for (var i = 0; i < Times; i++) action();
        Assert.InRange(FileDescriptors.CountOpen() - before, -1000, Times / 4);
    }

    /// <summary>The sockets, memfds and the like that are open, each with its number: not files, as the runtime opens assemblies at any
    /// time.</summary>
    internal static List<string> ButFiles() =>
        [.. new DirectoryInfo("/proc/self/fd").EnumerateFiles()
            .Where(fd => fd.LinkTarget is { } target && (!target.StartsWith('/') || target.StartsWith("/memfd:", StringComparison.Ordinal)))
            .Select(fd => $"{fd.Name} {fd.LinkTarget}")];

    internal static string Target(int fd) => new FileInfo($"/proc/self/fd/{fd}").LinkTarget!;

    internal static string TemporaryFolder() => Directory.CreateTempSubdirectory("ips-posix-").FullName;
}
