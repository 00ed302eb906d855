namespace Ips.Actors.Transport;

/// <summary>What became of <see cref="HandoverConnection.BeginMove"/>.</summary>
internal abstract record MoveResult
{
    private MoveResult()
    {
    }

    /// <summary>The connection has left Kestrel and this process may no longer touch it.</summary>
    /// <param name="Descriptor">A descriptor of the socket, close-on-exec, numbered <see cref="Posix.ConnectionDescriptor.LowestNumber"/> or more.
    /// Whoever takes the result owns it and closes it with close(2), never with shutdown(2).</param>
    /// <param name="Leftover">Bytes that were received here and belong to the next request: at most <see cref="HandoverConnection.LeftoverLimitBytes"/>.</param>
    public sealed record Moved(int Descriptor, ReadOnlyMemory<byte> Leftover) : MoveResult;

    /// <summary>The connection is served on here, or has ended.</summary>
    public sealed record NotMovable(UnmovableReason Reason) : MoveResult;
}
