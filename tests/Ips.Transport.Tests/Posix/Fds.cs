using System.Globalization;
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

    /// <summary>Numbers from 3 up that a child of this process would get by itself: what the test runner was given without FD_CLOEXEC.</summary>
    internal static List<int> Inherited() =>
    [
        .. Directory.GetFiles("/proc/self/fd").Select(path => int.Parse(Path.GetFileName(path), CultureInfo.InvariantCulture))
            .Where(fd => fd > 2 && File.Exists($"/proc/self/fdinfo/{fd}") && !FileDescriptors.IsCloseOnExec(fd)),
    ];

    internal static string Target(int fd) => new FileInfo($"/proc/self/fd/{fd}").LinkTarget!;

    internal static string TemporaryFolder() => Directory.CreateTempSubdirectory("ips-posix-").FullName;
}
