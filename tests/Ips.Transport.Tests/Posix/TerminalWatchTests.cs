using System.Runtime.InteropServices;
using Ips.Actors.Posix;

namespace Ips.Transport.Tests.Posix;

public sealed unsafe partial class TerminalWatchTests
{
    [Fact]
    public void IsHangup_TerminalClosed_IsTrueForAWhile()
    {
        var master = PosixOpenPt(Libc.O_RDWR | Libc.O_NOCTTY | Libc.O_CLOEXEC);
        var name = stackalloc byte[64];
        Assert.True(master >= 0 && UnlockPt(master) == 0 && PtsName(master, name, 64) == 0);
        var time = new Clock();
        var watch = TerminalWatch.Of(FileDescriptors.Open(Marshal.PtrToStringUTF8((nint)name)!, Libc.O_RDONLY | Libc.O_NOCTTY), time);
        watch.Start();
        Assert.False(watch.IsHangup());
        FileDescriptors.Close(master);
        Assert.True(watch.IsHangup()); // at once, whatever the thread has seen
        time.Now += TerminalWatch.Window;
        Assert.True(watch.IsHangup());
        time.Now += TimeSpan.FromMilliseconds(1);
        Assert.False(watch.IsHangup()); // from here on it is somebody's request
    }

    private sealed class Clock : TimeProvider
    {
        public TimeSpan Now { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Now.Ticks;
    }

    [LibraryImport("libc", EntryPoint = "posix_openpt", SetLastError = true)] private static partial int PosixOpenPt(int flags);
    [LibraryImport("libc", EntryPoint = "unlockpt", SetLastError = true)] private static partial int UnlockPt(int fd);
    [LibraryImport("libc", EntryPoint = "ptsname_r", SetLastError = true)]
    private static partial int PtsName(int fd, byte* buffer,
        nuint size);
}
