using Ips.Actors.Transport;

namespace Ips.Actors.HttpFront;

/// <summary>
/// The bytes of a WebSocket, which can take leave of its client: between two messages it sends Close 1001 (going away) in the app's place.
/// The client's answer reaches the app as a close by the client; what the app sends after ours goes nowhere, as RFC 6455 demands.
/// </summary>
/// <param name="inner">The bytes.</param>
/// <param name="frames">Where they stand; null for the beginning. Followed from here on.</param>
internal sealed class FarewellStream(Stream inner, WebSocketFrameParser? frames = null) : Stream
{
    // FIN and Close, 2 bytes of payload, unmasked as a server's: 1001.
    private static readonly byte[] s_goingAway = [0x88, 0x02, 0x03, 0xE9];

    private readonly SemaphoreSlim _writing = new(1, 1);
    private readonly WebSocketFrameParser _frames = frames ?? new();
    private bool _leaving;
    private bool _left;

    public override bool CanRead => inner.CanRead;

    public override bool CanSeek => false;

    public override bool CanWrite => inner.CanWrite;

    public override bool CanTimeout => inner.CanTimeout;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Sends the Close as soon as no message is under way, unless the app has sent one.</summary>
    /// <returns>Whether it is sent; false if the app's next write will bring it, or the app was first.</returns>
    public async Task<bool> LeaveAsync()
    {
        await _writing.WaitAsync().ConfigureAwait(false);
        try
        {
            _leaving = true;
            await SendFarewellIfDueAsync(CancellationToken.None).ConfigureAwait(false);
            return _left;
        }
        finally
        {
            _writing.Release();
        }
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        await _writing.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (_left) return;
            _frames.Feed(buffer.Span);
            await inner.WriteAsync(buffer, cancellationToken).ConfigureAwait(false);
            await SendFarewellIfDueAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _writing.Release();
        }
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Write(byte[] buffer, int offset, int count)
    {
        _writing.Wait();
        try
        {
            if (_left) return;
            _frames.Feed(buffer.AsSpan(offset, count));
            inner.Write(buffer, offset, count); // the farewell comes with a later write: this thread is not ours to hold
        }
        finally
        {
            _writing.Release();
        }
    }

    public override void Flush() => inner.Flush();

    public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

    public override int Read(byte[] buffer, int offset, int count) => inner.Read(buffer, offset, count);

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        inner.ReadAsync(buffer, offset, count, cancellationToken);

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        inner.ReadAsync(buffer, cancellationToken);

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override async ValueTask DisposeAsync()
    {
        await inner.DisposeAsync().ConfigureAwait(false);
        await base.DisposeAsync().ConfigureAwait(false);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing) inner.Dispose();
        base.Dispose(disposing);
    }

    private async ValueTask SendFarewellIfDueAsync(CancellationToken cancellationToken)
    {
        if (!_leaving || _left || _frames.ClosingSeen || !_frames.AtMessageEnd) return;
        _left = true;
        await inner.WriteAsync(s_goingAway, cancellationToken).ConfigureAwait(false);
        await inner.FlushAsync(cancellationToken).ConfigureAwait(false);
    }
}
