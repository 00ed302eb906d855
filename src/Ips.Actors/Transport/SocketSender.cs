using System.Buffers;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Threading.Tasks.Sources;

namespace Ips.Actors.Transport;

/// <summary>One asynchronous send that reports its error as a value (an exception for each client that went away is too dear).
/// Pooled.</summary>
internal sealed class SocketSender() : SocketAsyncEventArgs(unsafeSuppressExecutionContextFlow: true), IValueTaskSource<SocketError>
{
    private readonly List<ArraySegment<byte>> _segments = [];
    private ManualResetValueTaskSourceCore<SocketError> _source;

    /// <summary>Sends all of <paramref name="buffer"/>, or as much as was sent before the error that is the result.</summary>
    public ValueTask<SocketError> SendAsync(Socket socket, in ReadOnlySequence<byte> buffer)
    {
        if (buffer.IsSingleSegment)
        {
            SetBuffer(MemoryMarshal.AsMemory(buffer.First));
        }
        else
        {
            foreach (var memory in buffer)
            {
                if (!MemoryMarshal.TryGetArray(memory, out var segment))
                    throw new InvalidOperationException(
                        "The transport's memory pool gave out memory that is not an array; it must be one that pins arrays, as Kestrel's "
                        + "own.");
                _segments.Add(segment);
            }
            BufferList = _segments; // reads the list now: later changes to it are not seen
        }

        _source.Reset();
        return socket.SendAsync(this) ? new ValueTask<SocketError>(this, _source.Version) : new ValueTask<SocketError>(SocketError);
    }

    /// <summary>Lets go of the buffers, so that a pooled sender keeps none alive.</summary>
    public void Clear()
    {
        if (BufferList is null)
        {
            SetBuffer(null, 0, 0);
            return;
        }
        BufferList = null;
        _segments.Clear();
    }

    protected override void OnCompleted(SocketAsyncEventArgs e) => _source.SetResult(SocketError);

    SocketError IValueTaskSource<SocketError>.GetResult(short token) => _source.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<SocketError>.GetStatus(short token) => _source.GetStatus(token);

    void IValueTaskSource<SocketError>.OnCompleted(Action<object?> continuation, object? state, short token,
        ValueTaskSourceOnCompletedFlags flags) =>
        _source.OnCompleted(continuation, state, token, flags);
}
