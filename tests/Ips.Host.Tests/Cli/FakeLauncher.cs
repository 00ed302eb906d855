using System.Collections.Concurrent;
using Ips.Actors.Posix;
using Ips.Host.Cli;
using Mono.Unix.Native;

namespace Ips.Host.Tests.Cli;

/// <summary>Launches nothing: a test plays the daemon, on duplicates of the descriptors that it was given.</summary>
internal sealed class FakeLauncher(Func<FakeLauncher, int> launched) : IDaemonLauncher
{
    internal DaemonLaunch? Launch { get; private set; }

    internal ConcurrentQueue<int> Signals { get; } = [];

    /// <summary>How it ended; null while it runs.</summary>
    internal ProcessExit? End { get; set; }

    /// <summary>Which signal ends it; none if 0.</summary>
    internal int DiesOf { get; init; } = 15;

    /// <summary>What the daemon does when a signal ends it.</summary>
    internal Action? OnDeath { get; set; }

    public int Start(DaemonLaunch launch)
    {
        Launch = launch;
        return launched(this);
    }

    public ProcessExit? TryReap(int pid) => End;

    public void Signal(int pid, int signal)
    {
        Signals.Enqueue(signal);
        if (signal != DiesOf) return;
        End = new(0, signal);
        OnDeath?.Invoke();
    }

    /// <summary>A duplicate of what the daemon would have as this descriptor.</summary>
    internal int Take(int targetFd) => Syscall.dup(Launch!.Descriptors.Single(d => d.TargetFd == targetFd).Fd);

    internal static void Write(int fd, ReadOnlySpan<byte> bytes)
    {
        var copy = bytes.ToArray();
        var pinned = GC.AllocateArray<byte>(copy.Length, pinned: true);
        copy.CopyTo(pinned, 0);
        Assert.Equal(copy.Length, Syscall.write(fd, System.Runtime.InteropServices.Marshal.UnsafeAddrOfPinnedArrayElement(pinned, 0),
            (ulong)copy.Length));
    }

    internal static void Close(int fd) => Assert.Equal(0, Syscall.close(fd));
}
