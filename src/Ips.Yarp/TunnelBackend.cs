using System.Buffers;
using System.Net.Sockets;
using Ips.Actors.Posix;
using Ips.Actors.Transport;

namespace Ips.Yarp;

/// <summary>
/// The backend's connection of a tunnel. Its reads and writes can be given up at any byte: what was not written then travels, and what was
/// not read is still in the socket.
/// </summary>
/// <remarks>One read and one write at a time, as YARP has them; the other members may be called from any thread.</remarks>
[SupportedOSPlatform("linux")]
#pragma warning disable CA1001 // the token sources have no timer, and nothing to dispose of
internal sealed class TunnelBackend
#pragma warning restore CA1001
{
    private readonly Lock _gate = new();
    private readonly UpgradeReplay? _replay;
    private readonly CancellationTokenSource _readsEnd = new(), _writesEnd = new();
    private readonly TaskCompletionSource _readsEnded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ArrayBufferWriter<byte> _kept = new();
    private Link _reading, _writing;
    private Socket? _socket;
    private bool _detached, _disposed, _ending, _endSeen;
    private volatile bool _closedByBackend;

    /// <param name="socket">A connection that was opened here.</param>
    public TunnelBackend(Socket socket)
    {
        _socket = socket;
        _socket.Blocking = false; // so that Send and Receive return WouldBlock rather than wait
    }

    /// <param name="replay">What came from another generation. Its connection is opened when the replay is accepted.</param>
    public TunnelBackend(UpgradeReplay replay) => _replay = replay;

    /// <summary>The descriptor; -1 if it is not open.</summary>
    public int Descriptor
    {
        get
        {
            lock (_gate) return _socket is { } socket && !(_disposed && !_detached) ? (int)socket.Handle : -1;
        }
    }

    /// <summary>Whether the backend has sent its FIN, and YARP has seen it.</summary>
    public bool IsClosedByBackend => _closedByBackend;

    /// <summary>From now on, disposing of it leaves the connection open.</summary>
    /// <returns>False if the tunnel is ending: either end has closed, or failed.</returns>
    public bool TryDetach()
    {
        lock (_gate) return _detached = !_disposed && !_ending && Open() is not null;
    }

    /// <summary>As before <see cref="TryDetach"/>.</summary>
    public void Attach()
    {
        lock (_gate)
        {
            _detached = false;
            if (_disposed) _socket?.Dispose();
        }
    }

    /// <summary>Writes nothing more: what comes is kept.</summary>
    public void KeepWrites() => _writesEnd.Cancel();

    /// <summary>Takes nothing more from the connection: the reader waits, until <see cref="EndReads"/>.</summary>
    public void HoldReads() => _readsEnd.Cancel();

    /// <summary>The reader sees the end.</summary>
    public void EndReads()
    {
        _readsEnded.TrySetResult();
        _readsEnd.Cancel();
    }

    /// <summary>Takes what was not written, and closes our copy of the connection. Once, when nobody reads or writes any longer.</summary>
    /// <returns>Null if the reader did not come back to see the end, so that nobody knows what became of the bytes before it.</returns>
    public ReadOnlyMemory<byte>? Take()
    {
        lock (_gate)
        {
            if (_socket is { } socket && !(_disposed && !_detached))
            {
                EpollRegistration.Remove((int)socket.Handle);
                socket.Dispose(); // close(2) only: the duplicate keeps the connection open
            }

            (_disposed, _detached) = (true, false);
            return _endSeen ? _kept.WrittenMemory : null;
        }
    }

    /// <summary>Reads; with an empty buffer it only waits.</summary>
    public async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        var count = await ReceiveAsync(buffer, cancellationToken).ConfigureAwait(false);
        if (count == 0 && !buffer.IsEmpty) _endSeen = true;
        return count;
    }

    /// <summary>Writes, or keeps.</summary>
    public async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken)
    {
        if (!_writesEnd.IsCancellationRequested)
        {
            if (_replay is not null && !await _replay.Decided.ConfigureAwait(false)) return;
            var (sent, code) = await ExactSend.SendAsync(Socket(), buffer, _writing.With(cancellationToken, _writesEnd.Token))
                .ConfigureAwait(false);
            if (code is not SocketError.Success) throw Failed(code);
            buffer = buffer[sent..];
        }

        if (buffer.IsEmpty) return;
        lock (_gate)
        {
            if (!_detached) _ending = true; // YARP gives it up, and nobody knows which bytes it has
            else _kept.Write(buffer.Span);
            if (_detached) return;
        }

        throw new OperationCanceledException(cancellationToken);
    }

    /// <summary>YARP lets go of it.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_disposed) return;
            _disposed = true;
            _reading.Dispose();
            _writing.Dispose();
            if (!_detached)
            {
                _socket?.Dispose();
                return;
            }
        }

        KeepWrites();
        EndReads();
    }

    // YARP cancels by one token as long as the tunnel lasts.
    private struct Link
    {
        private CancellationTokenSource? _both;
        private CancellationToken _first;

        public CancellationToken With(CancellationToken first, CancellationToken second)
        {
            if (!first.CanBeCanceled) return second;
            if (_both is null || _first != first)
            {
                _both?.Dispose();
                (_both, _first) = (CancellationTokenSource.CreateLinkedTokenSource(first, second), first);
            }

            return _both.Token;
        }

        public readonly void Dispose() => _both?.Dispose();
    }

    private async ValueTask<int> ReceiveAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        if (_replay is { Delivered.IsCompleted: false })
        {
            if (!await _replay.Decided.WaitAsync(cancellationToken).ConfigureAwait(false)) return 0;
            // What travelled to the client comes first: so no more than that is ever under way, however often it moves.
            await Task.WhenAny(_replay.Delivered, _readsEnded.Task).WaitAsync(cancellationToken).ConfigureAwait(false);
        }

        while (!_readsEnd.IsCancellationRequested)
        {
            var socket = Socket();
            if (!buffer.IsEmpty)
            {
                var count = socket.Receive(buffer.Span, SocketFlags.None, out var code);
                if (code is SocketError.Success)
                {
                    if (count > 0) return count;
                    _closedByBackend = true;
                    NoteEnd();
                    return 0;
                }

                if (code is not SocketError.WouldBlock) throw Failed(code);
            }

            try
            {
                await socket.ReceiveAsync(Memory<byte>.Empty, SocketFlags.None, _reading.With(cancellationToken, _readsEnd.Token))
                    .ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                break; // it leaves
            }
            catch (OperationCanceledException)
            {
                NoteEnd();
                throw;
            }
            catch (SocketException e)
            {
                if (_readsEnd.IsCancellationRequested) break;
                throw Failed(e.SocketErrorCode);
            }

            if (buffer.IsEmpty) return 0;
        }

        await _readsEnded.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        return 0;
    }

    private Socket Socket()
    {
        lock (_gate) return (_disposed && !_detached ? null : Open()) ?? throw new IOException("The connection to the backend is closed.");
    }

    private Socket? Open()
    {
        if (_socket is not null || _replay is not { Decided: { IsCompletedSuccessfully: true, Result: true } }) return _socket;
        if (_replay.TakeBackend() is not (>= 0 and var descriptor)) return null;
        return _socket = new Socket(new SafeSocketHandle(descriptor, ownsHandle: true)) { Blocking = false };
    }

    private void NoteEnd()
    {
        lock (_gate) _ending = true;
    }

    private IOException Failed(SocketError code)
    {
        NoteEnd();
        var cause = new SocketException((int)code);
        return new IOException($"The connection to the backend failed: {cause.Message}", cause);
    }
}
