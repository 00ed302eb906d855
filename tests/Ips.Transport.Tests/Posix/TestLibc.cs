using System.Runtime.InteropServices;
using Ips.Actors.Posix;

namespace Ips.Transport.Tests.Posix;

/// <summary>Calls that only tests make.</summary>
internal static unsafe partial class TestLibc
{
    private const int RLIMIT_NOFILE = 7;

    [LibraryImport("libc", EntryPoint = "getrlimit", SetLastError = true)] private static partial int GetRLimit(int resource, ulong* limit);
    [LibraryImport("libc", EntryPoint = "setrlimit", SetLastError = true)] private static partial int SetRLimit(int resource, ulong* limit);
    [LibraryImport("libc", EntryPoint = "waitid", SetLastError = true)] private static partial int WaitId(int type, int id, byte* info, int options);
    [LibraryImport("libc", EntryPoint = "signal", SetLastError = true)] private static partial nint Signal(int signal, nint handler);

    /// <summary>Lets this process open no descriptor above those it has, until disposed. Run once before what is done under it, so that all code is loaded.</summary>
    internal static IDisposable ForbidNewDescriptors()
    {
        var old = stackalloc ulong[2];
        if (GetRLimit(RLIMIT_NOFILE, old) < 0) throw PosixException.Last("getrlimit");
        // All numbers below the highest are filled, so that the limit leaves none free.
        var fillers = new List<int>();
        var highest = Directory.GetFiles("/proc/self/fd").Max(path => int.Parse(Path.GetFileName(path), null));
        int filler;
        do fillers.Add(filler = FileDescriptors.Open("/dev/null", 0)); while (filler < highest);
        var (soft, hard) = (old[0], old[1]);
        Limit((ulong)filler + 1, hard);
        return new Undo(() =>
        {
            Limit(soft, hard);
            fillers.ForEach(FileDescriptors.Close);
        });
    }

    /// <summary>Ignores a signal in this process until disposed.</summary>
    internal static IDisposable Ignore(int signal)
    {
        var old = Signal(signal, 1);
        return new Undo(() => Signal(signal, old));
    }

    /// <summary>Waits until a child has ended, and leaves it a zombie.</summary>
    internal static void WaitForZombie(int pid)
    {
        var info = stackalloc byte[128];
        Assert.Equal(0, WaitId(1 /* P_PID */, pid, info, 4 /* WEXITED */ | 0x01000000 /* WNOWAIT */));
    }

    private static void Limit(ulong soft, ulong hard)
    {
        var limit = stackalloc ulong[2] { soft, hard };
        if (SetRLimit(RLIMIT_NOFILE, limit) < 0) throw PosixException.Last("setrlimit");
    }

    internal sealed class Undo(Action undo) : IDisposable
    {
        public void Dispose() => undo();
    }
}
