using System.Diagnostics;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Runtime.ExceptionServices;
using System.Security.Authentication;

namespace Ips.Testing.Load;

/// <summary>One connection of the load, over a raw socket. Not thread-safe; one user at a time.</summary>
/// <remarks>
/// A close is seen by a read that is left pending while the connection rests. That read is never cancelled before the end: it goes on as
/// the first read of the next response. Before the socket is disposed it is cancelled and awaited, because .NET closes a socket with
/// pending operations abortively, and a RST is not how a polite client leaves.
/// </remarks>
internal sealed class LoadConnection : IAsyncDisposable
{
    private readonly Socket _socket;
    private readonly SslStream? _tls;
    private readonly byte[] _buffer;
    private readonly TimeSpan _timeout;
    private readonly CancellationToken _abort;
    private readonly CancellationTokenSource _limit;
    private Task<int>? _pending;
    private FailureKind? _closed;
    private bool _sendWasReset;
    private int _lastReadLength;
    private bool _disposed;

    private LoadConnection(Socket socket, SslStream? tls, byte[] buffer, TimeSpan timeout, CancellationTokenSource limit,
        CancellationToken abort)
    {
        (_socket, _tls, _buffer, _timeout, _abort, _limit) = (socket, tls, buffer, timeout, abort, limit);
        LocalPort = socket.LocalEndPoint is IPEndPoint local ? local.Port : 0;
    }

    /// <summary>The client's TCP port; 0 for a Unix socket.</summary>
    public int LocalPort { get; }

    /// <summary>Requests begun on this connection.</summary>
    public int Requests { get; private set; }

    /// <summary>The generation that answered last on this connection; null if none said.</summary>
    public int? LastGeneration { get; private set; }

    /// <summary>Bytes read since the last request began.</summary>
    public long BytesSeen { get; private set; }

    /// <summary>The longest that one read waited since the last request began.</summary>
    public TimeSpan LongestWait { get; private set; }

    /// <summary>Bytes or the connection's end have arrived and wait to be read. Does not wait, and reads nothing.</summary>
    public bool HasArrived => _pending is null && _tls is not null
        // What has arrived on the socket may be TLS's own; only a read of TLS tells.
        ? (_pending = ReceiveAsync().AsTask()).IsCompleted
        : _pending?.IsCompleted ?? _socket.Poll(0, SelectMode.SelectRead);

    /// <summary>The server reset the connection.</summary>
    public bool WasReset => _closed == FailureKind.Reset;

    /// <summary>The end of what the last read brought, for a failure's record.</summary>
    public string LastBytes => WireText.Show(_buffer.AsSpan(0, _lastReadLength), 200);

    /// <summary>Connects.</summary>
    /// <param name="target">The server.</param>
    /// <param name="buffer">Where reads go to; in use until the connection is disposed. Its length is the most that one read takes.</param>
    /// <param name="timeout">Limit of the connect and of each later read and send.</param>
    /// <param name="abort">Ends whatever waits with an <see cref="OperationCanceledException"/>.</param>
    /// <param name="receiveBufferBytes">The socket's receive buffer; null for the system's choice.</param>
    /// <exception cref="LoadFaultException">Refused or timed out.</exception>
    /// <exception cref="SocketException">The client itself cannot go on: out of ports, of file descriptors, no route.</exception>
    public static async ValueTask<LoadConnection> OpenAsync(
        LoadTarget target, byte[] buffer, TimeSpan timeout, CancellationToken abort, int? receiveBufferBytes = null)
    {
        var limit = CancellationTokenSource.CreateLinkedTokenSource(abort);
        limit.CancelAfter(timeout);
        try
        {
            while (true)
            {
                var socket = target.CreateSocket(receiveBufferBytes);
                try
                {
                    await socket.ConnectAsync(target.EndPoint, limit.Token);
                    var tls = target.Tls ? await HandshakeAsync(socket, limit.Token) : null;
                    limit.CancelAfter(Timeout.InfiniteTimeSpan);
                    return new LoadConnection(socket, tls, buffer, timeout, limit, abort);
                }
                catch (SocketException e) when (e.SocketErrorCode == SocketError.WouldBlock)
                {
                    // unix(7): a full backlog fails a non-blocking connect with EAGAIN, where a client that blocks would wait. So wait.
                    socket.Dispose();
                    await Task.Delay(1, limit.Token);
                }
                catch
                {
                    socket.Dispose();
                    throw;
                }
            }
        }
        catch (Exception e)
        {
            limit.Dispose();
            throw e switch
            {
                OperationCanceledException when !abort.IsCancellationRequested => TimedOut("connect", timeout),
                SocketException { SocketErrorCode: SocketError.TimedOut } => TimedOut("connect", timeout),
                SocketException socket when socket.SocketErrorCode == SocketError.ConnectionRefused || IsMissing(target, socket) =>
                    new LoadFaultException(FailureKind.Refused, $"connect to {target}: {socket.Message}"),
                SocketException { SocketErrorCode: SocketError.ConnectionReset } socket =>
                    new LoadFaultException(FailureKind.Reset, $"connect to {target}: {socket.Message}"),
                AuthenticationException or IOException when target.Tls =>
                    new LoadFaultException(FailureKind.EofBeforeResponse, $"TLS handshake with {target}: {e.Message}"),
                _ => e,
            };
        }
    }

    /// <summary>Rests between two requests, for <paramref name="time"/> or until the client knows that the server closed.</summary>
    /// <param name="time">How long; zero only looks.</param>
    /// <param name="closeDelay">How long after its arrival a close is known; zero for a near client.</param>
    /// <param name="stop">Ends the rest.</param>
    /// <exception cref="LoadFaultException">Bytes arrived that no request asked for.</exception>
    public async ValueTask<Rest> RestAsync(TimeSpan time, TimeSpan closeDelay, CancellationToken stop)
    {
        var begun = Stopwatch.GetTimestamp();
        (BytesSeen, _lastReadLength) = (0, 0);
        if (time > TimeSpan.Zero)
        {
            if (!await ArrivesWithinAsync(time, stop)) return stop.IsCancellationRequested ? Rest.Stopping : Rest.Ready;
        }
        else if (!HasArrived)
        {
            return Rest.Ready;
        }

        if (await TakeAsync() is var length and > 0)
            throw new LoadFaultException(FailureKind.Malformed, $"malformed: {length} bytes that no request asked for");

        // The close arrived just now. A far client whose rest ends before the news reaches it sends its request into the void.
        var left = time - Stopwatch.GetElapsedTime(begun);
        if (closeDelay > TimeSpan.Zero && left < closeDelay)
        {
            await Pause.ForAsync(left, stop);
            return stop.IsCancellationRequested ? Rest.Stopping : Rest.Ready;
        }

        await Pause.ForAsync(closeDelay, stop);
        return Rest.Closed;
    }

    /// <summary>Marks the begin of a request.</summary>
    public void BeginRequest()
    {
        Requests++;
        (BytesSeen, _lastReadLength, LongestWait) = (0, 0, TimeSpan.Zero);
    }

    /// <summary>Sends all of <paramref name="bytes"/>. If the connection is gone, the read that follows tells how.</summary>
    /// <exception cref="LoadFaultException">Timed out.</exception>
    public async ValueTask SendAsync(ReadOnlyMemory<byte> bytes)
    {
        _limit.CancelAfter(_timeout);
        try
        {
            await SendAllAsync(bytes);
        }
        catch (OperationCanceledException) when (!_abort.IsCancellationRequested)
        {
            throw TimedOut("send", _timeout);
        }
        catch (SocketException e) when (IsGone(e))
        {
            // Not thrown: the server may have answered before it closed. The kernel reports ECONNRESET once, to the send or to the
            // read; so it is noted here. EPIPE means only that the end was known before, by a FIN or by a RST that the read reported.
            _sendWasReset |= e.SocketErrorCode == SocketError.ConnectionReset;
        }
        finally
        {
            _limit.CancelAfter(Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>Waits for bytes or for the connection's end, at most <paramref name="time"/>.</summary>
    /// <returns>False if nothing arrived.</returns>
    public async ValueTask<bool> ArrivesWithinAsync(TimeSpan time, CancellationToken stop)
    {
        if (_closed is not null) return true;
        var read = _pending ??= ReceiveAsync().AsTask();
        using var waiting = CancellationTokenSource.CreateLinkedTokenSource(stop);
        await Task.WhenAny(read, Task.Delay(time, waiting.Token));
        // Ends the timer, of which an upload would otherwise leave many behind.
        await waiting.CancelAsync();
        return read.IsCompleted;
    }

    /// <summary>Reads the rest of a response into <paramref name="parser"/>, up to its last byte.</summary>
    /// <param name="parser">A parser on which a response was begun.</param>
    /// <param name="pause">How long to wait before each read, to be a slow reader.</param>
    /// <param name="untilBytes">Returns early once that many bytes were read.</param>
    /// <exception cref="LoadFaultException">Whatever kept the response from being whole and well-framed.</exception>
    public async ValueTask ReadResponseAsync(HttpMessageParser parser, TimeSpan pause = default, long untilBytes = long.MaxValue)
    {
        while (!parser.IsComplete && BytesSeen < untilBytes)
        {
            await Pause.ForAsync(pause, _abort);
            var length = await TakeTimedAsync();
            if (length == 0)
            {
                throw _closed == FailureKind.Reset ? new LoadFaultException(FailureKind.Reset,
                    $"reset after {BytesSeen} bytes of the response")
                    : BytesSeen == 0 ? new LoadFaultException(FailureKind.EofBeforeResponse, "closed without a byte of a response")
                    : new LoadFaultException(FailureKind.EofInsideResponse, $"closed after {BytesSeen} bytes of the response");
            }

            var used = parser.Feed(_buffer.AsSpan(0, length));
            if (parser.HeadIsComplete) LastGeneration = parser.Generation ?? LastGeneration;
            if (used < length) throw new LoadFaultException(FailureKind.Malformed,
                $"malformed: {length - used} bytes after the response's end");
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_disposed) return;
        _disposed = true;
        await _limit.CancelAsync();
        if (_pending is not null) await ((Task)_pending).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (_tls is not null) await _tls.DisposeAsync();
        _socket.Dispose();
        _limit.Dispose();
    }

    private static async Task<SslStream> HandshakeAsync(Socket socket, CancellationToken limit)
    {
        var tls = new SslStream(new NetworkStream(socket, ownsSocket: false));
        try
        {
            await Unwrapped(tls.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions
                {
                    TargetHost = "localhost",
                    RemoteCertificateValidationCallback = TestCertificate.Accept
                }, limit));
            return tls;
        }
        catch
        {
            await tls.DisposeAsync();
            throw;
        }
    }

    private async ValueTask<int> ReceiveAsync()
    {
        if (_tls is null) return await _socket.ReceiveAsync(_buffer, SocketFlags.None, _limit.Token);
        try
        {
            return await _tls.ReadAsync(_buffer, _limit.Token);
        }
        catch (IOException e) when (e.InnerException is SocketException socket)
        {
            ExceptionDispatchInfo.Throw(socket);
            throw;
        }
        catch (IOException e) when (e.InnerException is null)
        {
            throw new LoadFaultException(FailureKind.EofInsideResponse, $"the end came inside a TLS record: {e.Message}");
        }
    }

    private async ValueTask SendAllAsync(ReadOnlyMemory<byte> bytes)
    {
        if (_tls is not null)
        {
            await Unwrapped(_tls.WriteAsync(bytes, _limit.Token).AsTask());
            return;
        }

        while (!bytes.IsEmpty) bytes = bytes[await _socket.SendAsync(bytes, SocketFlags.None, _limit.Token)..];
    }

    /// <summary>A stream wraps the errors of its socket.</summary>
    private static async Task Unwrapped(Task operation)
    {
        try
        {
            await operation;
        }
        catch (IOException e) when (e.InnerException is SocketException socket)
        {
            ExceptionDispatchInfo.Throw(socket);
        }
    }

    private async ValueTask<int> TakeTimedAsync()
    {
        var begun = Stopwatch.GetTimestamp();
        _limit.CancelAfter(_timeout);
        try
        {
            return await TakeAsync();
        }
        finally
        {
            // The limit is that of one read, not of what the client does before the next.
            _limit.CancelAfter(Timeout.InfiniteTimeSpan);
            // Of a read that timed out as well: it is the longest wait of all.
            if (Stopwatch.GetElapsedTime(begun) is var wait && wait > LongestWait) LongestWait = wait;
        }
    }

    /// <summary>The next bytes in the buffer; 0 once the connection has ended, with <see cref="_closed"/> telling how.</summary>
    private async ValueTask<int> TakeAsync()
    {
        if (_closed is not null) return 0;
        try
        {
            var length = _pending is not null ? await _pending : await ReceiveAsync();
            if (length == 0) _closed = _sendWasReset ? FailureKind.Reset : FailureKind.EofBeforeResponse;
            BytesSeen += length;
            _lastReadLength = length;
            return length;
        }
        catch (OperationCanceledException) when (!_abort.IsCancellationRequested)
        {
            throw TimedOut($"read after {BytesSeen} bytes of the response", _timeout);
        }
        catch (SocketException e) when (IsGone(e))
        {
            _closed = FailureKind.Reset;
            return 0;
        }
        finally
        {
            _pending = null;
        }
    }

    /// <summary>No file at a Unix socket's path: .NET maps ENOENT to AddressNotAvailable, which over TCP says that the client ran out of
    /// ports.</summary>
    private static bool IsMissing(LoadTarget target, SocketException e) =>
        target.EndPoint is UnixDomainSocketEndPoint && e.SocketErrorCode == SocketError.AddressNotAvailable;

    private static bool IsGone(SocketException e) =>
        e.SocketErrorCode is SocketError.ConnectionReset or SocketError.ConnectionAborted or SocketError.Shutdown;

    private static LoadFaultException TimedOut(string what, TimeSpan timeout) =>
        new(FailureKind.Timeout, $"{what}: nothing within {timeout.TotalSeconds:0.###} s");
}
