using Ips.Actors.Transport;

namespace Ips.Actors.WebSockets;

/// <summary>
/// The bytes of a WebSocket that can leave. What is read ends with the current frame at the latest, so that nothing of a message hides in
/// the WebSocket's own buffer; when the connection is to leave, the first read between two messages waits, and says so.
/// </summary>
/// <remarks>One read and one write at a time, as a WebSocket has them; the other members may be called from any thread.</remarks>
internal sealed class ResumableStream(Stream inner) : Stream
{
    private const int BufferBytes = 4096;

    private readonly Lock _gate = new();
    private readonly SemaphoreSlim _writing = new(1, 1);
    private readonly WebSocketFrameParser _received = new();
    private readonly WebSocketFrameParser _sent = new();
    private readonly byte[] _buffer = new byte[BufferBytes];
    private readonly TaskCompletionSource _readsEnded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource _atBoundary = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource _stays = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private CancellationTokenSource _leave = new();
    private int _start, _end;
    private bool _inputEnded;
    private volatile bool _leaving;
    private bool _sealed;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Completes when the connection is to leave and a read waits between two messages.</summary>
    public Task AtBoundary
    {
        get
        {
            lock (_gate) return _atBoundary.Task;
        }
    }

    /// <summary>The next read between two messages waits.</summary>
    public void BeginLeave()
    {
        lock (_gate) _leaving = true;
        _leave.Cancel(); // a read that waits for the client comes back to look
    }

    /// <summary>Reads go on.</summary>
    public void CancelLeave()
    {
        TaskCompletionSource stays;
        lock (_gate)
        {
            if (!_leaving) return;
            _leaving = false;
            _leave = new CancellationTokenSource();
            stays = _stays;
            _stays = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _atBoundary = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        stays.TrySetResult();
    }

    /// <summary>Sends nothing from now on; what is being sent is sent whole.</summary>
    /// <returns>False in the middle of a message, or after a Close: then nothing changes.</returns>
    public async Task<bool> SealAsync()
    {
        await _writing.WaitAsync().ConfigureAwait(false);
        try
        {
            return _sealed = _sent is { AtMessageEnd: true, ClosingSeen: false };
        }
        finally
        {
            _writing.Release();
        }
    }

    /// <summary>Sends again.</summary>
    public void Unseal() => _sealed = false;

    /// <summary>The read that waits ends, as the connection has left.</summary>
    public void EndReads() => _readsEnded.TrySetResult();

    /// <summary>Takes what was read and not given out. Nobody reads any longer.</summary>
    public ReadOnlyMemory<byte> TakeUnread()
    {
        var unread = _buffer.AsMemory(_start, _end - _start).ToArray();
        _start = _end = 0;
        return unread;
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (true)
        {
            if (_leaving && _received is { AtMessageEnd: true, ClosingSeen: false } && !_inputEnded)
            {
                if (await WaitAtBoundaryAsync(cancellationToken).ConfigureAwait(false)) return 0;
                continue;
            }

            if (TryTake(buffer, out var taken)) return taken;
            if (_inputEnded || buffer.IsEmpty) return 0;

            CancellationTokenSource leave;
            lock (_gate) leave = _leave;
            // Once it is to leave, the rest of a message is waited for.
            using var linked = _leaving || !cancellationToken.CanBeCanceled ? null
                : CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, leave.Token);
            var token = _leaving ? cancellationToken : linked?.Token ?? leave.Token;
            try
            {
                // The payload of a frame goes straight to the reader.
                var direct = _received.PayloadLeft > 0 && _start == _end;
                var count = await inner.ReadAsync(direct ? buffer[..(int)Math.Min((ulong)buffer.Length, _received.PayloadLeft)]
                    : Room(), token).ConfigureAwait(false);
                if (count == 0) _inputEnded = true;
                else if (direct) return _received.FeedFrame(buffer.Span[..count]);
                else _end += count;
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested && leave.IsCancellationRequested)
            {
                // It is to leave: looked at above.
            }
        }
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        await _writing.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (_sealed) return; // a ping that nobody has asked for
            _sent.Feed(buffer.Span);
            await inner.WriteAsync(buffer, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _writing.Release();
        }
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush() => inner.Flush();

    public override Task FlushAsync(CancellationToken cancellationToken) =>
        _sealed ? Task.CompletedTask : inner.FlushAsync(cancellationToken);

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing) inner.Dispose();
        base.Dispose(disposing);
    }

    // A frame that begins a message is given out only once its header is whole: half a header travels.
    private bool TryTake(Memory<byte> buffer, out int taken)
    {
        taken = 0;
        var unread = _buffer.AsSpan(_start, _end - _start);
        if (unread.IsEmpty || buffer.IsEmpty) return false;
        if (_received.AtMessageEnd && !_inputEnded && !WebSocketFrameParser.HasHeader(unread)) return false;
        unread = unread[..Math.Min(unread.Length, buffer.Length)];
        taken = _received.FeedFrame(unread);
        unread[..taken].CopyTo(buffer.Span);
        _start += taken;
        if (_start == _end) _start = _end = 0;
        return true;
    }

    private Memory<byte> Room()
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
        }

        return _buffer.AsMemory(_end);
    }

    // True: the connection has left.
    private async Task<bool> WaitAtBoundaryAsync(CancellationToken cancellationToken)
    {
        TaskCompletionSource boundary, stays;
        lock (_gate)
        {
            if (!_leaving) return false;
            (boundary, stays) = (_atBoundary, _stays);
        }

        boundary.TrySetResult();
        await Task.WhenAny(_readsEnded.Task, stays.Task).WaitAsync(cancellationToken).ConfigureAwait(false);
        return _readsEnded.Task.IsCompleted;
    }
}
