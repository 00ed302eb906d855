namespace Ips.Actors.Posix;

/// <summary>Which signals the calling thread holds back. A thread starts with the mask of the one that created it.</summary>
/// <remarks>
/// A successor starts with SIGHUP, SIGUSR1 and SIGUSR2 blocked (see <see cref="Spawn"/>) and unblocks them on its main thread once its
/// handlers are registered. The kernel gives a signal to any thread that does not block it, so one thread is enough to receive them. But a
/// process that the app starts inherits the mask of the thread that starts it, and threads of the pool that .NET's own signal thread
/// creates inherit its mask: so unblock before anything runs on the pool, and again first of all in each signal handler.
/// </remarks>
internal static class SignalMask
{
    /// <summary>Lets the signals through on this thread; one that is pending is delivered at once.</summary>
    internal static void Unblock(params ReadOnlySpan<int> signals) => Change(Libc.SIG_UNBLOCK, SignalSet.Of(signals));

    /// <summary>Holds the signals back on this thread.</summary>
    internal static void Block(params ReadOnlySpan<int> signals) => Change(Libc.SIG_BLOCK, SignalSet.Of(signals));

    /// <summary>Whether this thread holds the signal back.</summary>
    internal static bool IsBlocked(int signal) => Change(Libc.SIG_BLOCK, default).Contains(signal);

    private static unsafe SignalSet Change(int how, SignalSet set)
    {
        SignalSet old = default;
        var errno = Libc.PthreadSigMask(how, (ulong*)&set, (ulong*)&old);
        return errno == 0 ? old : throw new PosixException("pthread_sigmask", errno);
    }
}
