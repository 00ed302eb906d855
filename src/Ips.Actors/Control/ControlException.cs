namespace Ips.Actors.Control;

/// <summary>Why a daemon could not be talked to.</summary>
internal enum ControlFailure
{
    /// <summary>There is no socket at the path.</summary>
    SocketMissing,

    /// <summary>There is a socket, but nobody listens on it: its daemon is gone.</summary>
    NobodyListens,

    /// <summary>This user may not connect to it.</summary>
    Denied,

    /// <summary>The path is too long for a socket, or is not a socket.</summary>
    BadPath,

    /// <summary>The daemon closed the connection before it had answered.</summary>
    DaemonGone,

    /// <summary>The answer did not come in time.</summary>
    TimedOut,

    /// <summary>The answer is not of this protocol.</summary>
    Garbled,
}

/// <summary>A daemon could not be talked to over its control socket. The message says why, for a person.</summary>
internal sealed class ControlException : IOException
{
    /// <summary>A failure.</summary>
    /// <param name="failure">Its kind.</param>
    /// <param name="message">What happened, with the path or the limit concerned.</param>
    /// <param name="inner">The exception below it, if there is one.</param>
    public ControlException(ControlFailure failure, string message, Exception? inner = null) : base(message, inner) => Failure = failure;

    /// <summary>The kind of failure.</summary>
    public ControlFailure Failure { get; }
}
