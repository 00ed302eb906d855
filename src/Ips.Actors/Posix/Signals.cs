namespace Ips.Actors.Posix;

/// <summary>How this process takes signals.</summary>
internal static class Signals
{
    private const nint SIG_IGN = 1;

    /// <summary>Whether the signal is ignored: SIGHUP under nohup(1), SIGINT and SIGQUIT in a background job of a script. It then never
    /// reaches a handler of .NET (docs/pitfalls.md, 13).</summary>
    internal static unsafe bool IsIgnored(int signal)
    {
        var old = stackalloc byte[Libc.SignalActionSizeBytes];
        if (Libc.SigAction(signal, null, old) < 0) throw PosixException.Last("sigaction", SignalNumbers.Name(signal));
        return *(nint*)old == SIG_IGN; // the handler is the first field, in both C libraries
    }
}
