using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using Ips.Actors.Handover;
using Ips.Actors.Posix;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;

namespace Ips.Actors.Transport;

/// <summary>
/// A connection over an accepted socket that behaves towards Kestrel and the client as one of Kestrel's own socket transport, and can
/// be moved to another process between two requests (<see cref="BeginMove"/>).
/// </summary>
/// <remarks>
/// Two loops: bytes from the socket into the input pipe, and from the output pipe into the socket. Order at the end:
/// <list type="number">
/// <item>The send loop ends (Kestrel completed its output, or a send failed) and shuts the socket down; <see cref="Abort"/> does so at any
/// time.</item>
/// <item>The receive loop sees that, completes the input and fires <see cref="ConnectionClosed"/>.</item>
/// <item>Kestrel calls <see cref="DisposeAsync"/>, which waits for both.</item>
/// </list>
/// A connection that moves skips the shutdown: its input is completed, Kestrel ends, what Kestrel wrote is sent, and the descriptor is
/// closed.
/// </remarks>
internal sealed partial class HandoverConnection : ConnectionContext, IDuplexPipe
{
    private const int MinimumReceiveBytes = 2048; // half a block of Kestrel's pool: less than that is not worth a receive
    private const int ReceiveBatchBytes = 64 * 1024; // handed over at least this often, so that the input's limit holds

    private readonly Socket _socket;
    private readonly HandoverConnectionFactory.Lane _lane;
    private readonly ConnectionRegistry _registry;
    private readonly ILogger _logger;
    private readonly bool _waitForData;
    private readonly Pipe _input;
    private readonly Pipe _output;
    private readonly BoundaryReader _boundary;
    private readonly CancellationTokenSource _closed = new();
    private readonly long _openedAtMs = Environment.TickCount64;
    private readonly TaskCompletionSource _closedFired = new();
    private readonly Lock _gate = new();

    private ReadOnlyMemory<byte> _adopted;
    private volatile Exception? _shutdownReason;
    private Task _receiving = Task.CompletedTask;
    private Task _sending = Task.CompletedTask;

    internal HandoverConnection(
        Socket socket, ReadOnlyMemory<byte> adopted, HandoverConnectionFactory.Lane lane, bool waitForData, ConnectionRegistry registry,
            ILogger logger)
    {
        (_socket, _adopted, _lane, _waitForData, _registry, _logger) = (socket, adopted, lane, waitForData, registry, logger);
        _socket.Blocking = false; // so that Send and Receive return WouldBlock rather than wait
        _localEndPoint = socket.LocalEndPoint;
        _remoteEndPoint = socket.RemoteEndPoint;
        _input = new Pipe(lane.Input);
        _output = new Pipe(lane.Output);
        _boundary = new BoundaryReader(this, _input.Reader);
        _currentTransport = this;
        ConnectionClosed = _closed.Token;
    }

    /// <summary>Of the registry alone.</summary>
    internal ref ConnectionRegistry.Links Place => ref _place;

    private ConnectionRegistry.Links _place;

    /// <summary>The listening socket that it came by; a successor returns it from the one of the same key.</summary>
    public EndpointKey Origin { get; init; } = EndpointKey.None;

    PipeReader IDuplexPipe.Input => _boundary;

    PipeWriter IDuplexPipe.Output => _output.Writer;

    /// <summary>How often bytes were handed to the input. Written by the receive loop only.</summary>
    internal long ReceiveEpoch => Volatile.Read(ref _receiveEpoch);

    /// <summary>Whether Kestrel has looked at all that was received, and waits for more.</summary>
    internal bool AwaitsInput => _boundary.Waits(ReceiveEpoch);

    private long _receiveEpoch;

    /// <summary>Starts both loops. Once.</summary>
    internal void Start()
    {
        _registry.Add(this);
        _receiving = ReceiveAsync();
        _sending = SendAsync();
    }

    /// <summary>Resets the connection: the client sees a RST, readers and writers <see cref="ConnectionAbortedException"/>.</summary>
    public override void Abort(ConnectionAbortedException abortReason)
    {
        Shutdown(abortReason);
        _output.Reader.CancelPendingRead();
    }

    public override async ValueTask DisposeAsync()
    {
        _boundary.Complete();
        await _output.Writer.CompleteAsync();
        await _receiving;
        await _sending;
        if (_moved)
        {
            CompleteMove();
            FireConnectionClosed();
            await _closedFired.Task;
        }
        _socket.Dispose();
        if (Replay?.TakeBackend() is >= 0 and var backend) ConnectionDescriptor.Close(backend); // nobody wanted it
        _registry.Remove(this);
        _closed.Dispose();
        await base.DisposeAsync();
    }

    private async Task ReceiveAsync()
    {
        Exception? error = null;
        var writer = _input.Writer;
        try
        {
            if (!_adopted.IsEmpty)
            {
                Volatile.Write(ref _receiveEpoch, 1);
                var write = writer.WriteAsync(_adopted);
                _ = write.IsCompleted ? await write : await PauseAsync(write);
                _adopted = default;
            }
            // One method, though long: a second one would allocate its state for each wait.
            var end = Replay is not null && !await ReplayAsync(writer);
            while (!end && _shutdownReason is null)
            {
                var gate = IsMoving ? await PassGateAsync() : Gate.Open;
                if (gate is Gate.Moved || _shutdownReason is not null) break;

                // Bytes that Kestrel waits for are waited for to their end, whatever becomes of the move meanwhile.
                var cancel = gate is Gate.ReceiveOnce ? CancellationToken.None : Volatile.Read(ref _wait).Token;
                var buffer = _waitForData ? Memory<byte>.Empty : writer.GetMemory(MinimumReceiveBytes);
                var wait = new QuietWait(_socket.ReceiveAsync(buffer, SocketFlags.None, cancel));
                await wait;
                if (_shutdownReason is not null)
                {
                    if (!cancel.IsCancellationRequested) _ = wait.Take();
                    break;
                }

                // Given up for a move. A wait took nothing from the socket; a receive into a buffer may have, and then has a result.
                if (cancel.IsCancellationRequested && _waitForData) continue;
                int batch;
                try
                {
                    batch = wait.Take();
                }
                catch (OperationCanceledException)
                {
                    continue;
                }
                if (batch == 0 && !_waitForData) break;
                writer.Advance(batch);

                while (batch < ReceiveBatchBytes)
                {
                    var memory = writer.GetMemory(MinimumReceiveBytes);
                    var count = _socket.Receive(memory.Span, SocketFlags.None, out var code);
                    if (code is SocketError.WouldBlock) break;
                    if (code is not SocketError.Success) throw new SocketException((int)code);
                    end = count == 0;
                    writer.Advance(count);
                    batch += count;
                    if (count < memory.Length || gate is Gate.ReceiveOnce || IsMoving) break;
                }
                if (batch == 0) continue;

                Volatile.Write(ref _receiveEpoch, _receiveEpoch + 1);
                var flush = writer.FlushAsync();
                var flushed = flush.IsCompleted ? await flush : await PauseAsync(flush);
                if (flushed.IsCompleted || (flushed.IsCanceled && _session is null)) break;
            }
            if (_closeTold && !end && !_moved && _shutdownReason is null) await DiscardAsync();
        }
        catch (SocketException e)
        {
            error = Describe(e.SocketErrorCode);
        }
        catch (Exception e)
        {
            error = e; // the reader sees it, as one of Kestrel's own transport does
        }
        await EndReceiveAsync(error);
    }

    /// <summary>
    /// The input is full: waits until Kestrel has read. No read may be held at a boundary meanwhile, as the gate is not there to let it go
    /// on, and so much could not travel anyway.
    /// </summary>
    private async ValueTask<FlushResult> PauseAsync(ValueTask<FlushResult> flush)
    {
        Interlocked.Exchange(ref _paused, true); // a full fence: the reader holds first and then looks at this
        _boundary.Release(BoundaryReader.HeldRead.Resume);
        try
        {
            return await flush;
        }
        finally
        {
            Volatile.Write(ref _paused, false);
        }
    }

    private async Task EndReceiveAsync(Exception? error)
    {
        if (error is ConnectionResetException && _shutdownReason is null)
            _logger.ConnectionReset(ConnectionId);
        else if (error is not null && _shutdownReason is null)
            _logger.ConnectionError(error, ConnectionId);

        // The reason of a shutdown explains whatever the socket said after it.
        await _input.Writer.CompleteAsync(_shutdownReason ?? error);
        if (_moved)
        {
            if (_upgradeLeaves) ReleaseUpgrade();
            _boundary.Release(BoundaryReader.HeldRead.End);
            return;
        }
        RefuseMoves();
        FireConnectionClosed();
        await _closedFired.Task;
    }

    private async Task SendAsync()
    {
        Exception? reason = null;
        Exception? unexpected = null;
        var reader = _output.Reader;
        try
        {
            while (true)
            {
                var result = await reader.ReadAsync();
                if (result.IsCanceled) break;
                if (!result.Buffer.IsEmpty && MaySend())
                {
                    var code = await (Volatile.Read(ref _upgradeOutput) is { } upgraded
                        ? upgraded.SendAsync(result.Buffer) : SendAsync(result.Buffer));
                    if (code is not SocketError.Success)
                    {
                        reason = Describe(code);
                        if (reason is ConnectionResetException) _logger.ConnectionReset(ConnectionId);
                        break;
                    }
                }
                reader.AdvanceTo(result.Buffer.End);
                if (result.IsCompleted) break;
            }
        }
        catch (ObjectDisposedException e)
        {
            reason = e;
        }
        catch (Exception e)
        {
            // Left alone it would leave the client waiting: end the connection and let Kestrel's writer see why.
            reason = unexpected = e;
            _logger.ConnectionError(e, ConnectionId);
        }

        if (_upgradeOutput is { } output) await EndUpgradeOutputAsync(output);
        if (_closeTold && !_moved && reason is null && _shutdownReason is null) await LingerAsync();
        if (!_moved || reason is not null) Shutdown(reason);
        await reader.CompleteAsync(unexpected);
        _input.Writer.CancelPendingFlush(); // the receive loop may wait for a reader that is gone
    }

    private ValueTask<SocketError> SendAsync(in ReadOnlySequence<byte> buffer)
    {
        if (!buffer.IsSingleSegment) return SendRestAsync(buffer);

        var sent = _socket.Send(buffer.FirstSpan, SocketFlags.None, out var code);
        if (code is SocketError.Success && sent == buffer.Length) return new ValueTask<SocketError>(SocketError.Success);
        return code is SocketError.Success or SocketError.WouldBlock
            ? SendRestAsync(buffer.Slice(sent))
            : new ValueTask<SocketError>(code);
    }

    private async ValueTask<SocketError> SendRestAsync(ReadOnlySequence<byte> buffer)
    {
        var sender = _lane.Senders.Rent();
        try
        {
            return await sender.SendAsync(_socket, buffer);
        }
        finally
        {
            _lane.Senders.Return(sender);
        }
    }

    /// <summary>Ends the socket: with a FIN if nothing went wrong (<paramref name="reason"/> is null), with a RST if something
    /// did.</summary>
    private void Shutdown(Exception? reason)
    {
        lock (_gate)
        {
            if (_shutdownReason is not null) return;
            _shutdownReason = reason ?? new ConnectionAbortedException("The transport's send loop ended in order.");
            if (reason is not null)
            {
                _socket.Close(0);
            }
            else
            {
                // Not closed here: the shutdown ends the receive loop's wait with a result. A close would abandon the wait, and leave it to
                // the finalizer.
                try
                {
                    _socket.Shutdown(SocketShutdown.Both);
                }
                catch (SocketException)
                {
                    _socket.Dispose(); // the client was faster: it is not connected any more, and the wait need not end by itself
                }
            }
        }
        SignalMove();
    }

    private void FireConnectionClosed() =>
        ThreadPool.UnsafeQueueUserWorkItem(
            static connection =>
            {
                try
                {
                    connection._closed.Cancel();
                }
                catch (AggregateException e)
                {
                    connection._logger.ClosedCallbackFailed(e, connection.ConnectionId);
                }
                connection._closedFired.TrySetResult();
            },
            this,
            preferLocal: false);

    private static Exception Describe(SocketError code)
    {
        var error = new SocketException((int)code);
        return code is SocketError.ConnectionReset or SocketError.Shutdown ? new ConnectionResetException(error.Message, error) : error;
    }
}
