using System.Runtime.CompilerServices;

namespace Ips.Actors.Posix;

/// <summary>Which signals the calling thread holds back. A thread starts with the mask of the one that created it.</summary>
/// <remarks>
/// A successor starts with SIGHUP, SIGUSR1 and SIGUSR2 blocked (see <see cref="Spawn"/>) and unblocks them on its main thread once its
/// handlers are registered. The kernel gives a signal to any thread that does not block it, so one thread is enough to receive them. But a
/// process that the app starts inherits the mask of the thread that starts it, and threads of the pool that .NET's own signal thread
/// creates inherit its mask: so unblock before anything runs on the pool, and again first of all in each signal handler.
/// </remarks>
[SupportedOSPlatform("linux")]
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

/// <summary>sigset_t: bit n-1 of the first word is signal n.</summary>
[InlineArray(Libc.SignalSetSizeBytes / sizeof(ulong))]
[SupportedOSPlatform("linux")]
internal struct SignalSet
{
    private ulong _word;

    internal static SignalSet Of(params ReadOnlySpan<int> signals)
    {
        var set = default(SignalSet);
        foreach (var signal in signals)
        {
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(signal);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(signal, SignalNumbers.Last);
            set[0] |= 1UL << (signal - 1);
        }

        return set;
    }

    internal readonly bool Contains(int signal) => (this[0] & 1UL << (signal - 1)) != 0;
}

/// <summary>How this process takes signals.</summary>
[SupportedOSPlatform("linux")]
internal static class Signals
{
    private const nint SIG_IGN = 1;

    /// <summary>Whether the signal is ignored: SIGHUP under nohup(1), SIGINT and SIGQUIT in a background job of a script. It then never
    /// reaches a handler of .NET (pitfall 13).</summary>
    internal static unsafe bool IsIgnored(int signal)
    {
        var old = stackalloc byte[Libc.SignalActionSizeBytes];
        if (Libc.SigAction(signal, null, old) < 0) throw PosixException.Last("sigaction", SignalNumbers.Name(signal));
        return *(nint*)old == SIG_IGN; // the handler is the first field, in both C libraries
    }
}
