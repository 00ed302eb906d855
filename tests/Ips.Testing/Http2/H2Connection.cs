using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using Ips.Testing.Load;

namespace Ips.Testing.Http2;

/// <summary>
/// One HTTP/2 connection (RFC 9113) that hides nothing: it never retries, and tells apart how it ended. It sends a GET on each stream; of a
/// response it reads the status from the first byte of the header block (static index 8 is 200) and counts the body.
/// </summary>
internal sealed class H2Connection : IAsyncDisposable
{
    private const byte Data = 0, Headers = 1, RstStream = 3, Settings = 4, Ping = 6, GoAway = 7, WindowUpdate = 8, Continuation = 9;
    private const byte EndStream = 1, Ack = 1, EndHeaders = 4, Padded = 8, Priority = 0x20;
    private const byte Status200 = 0x88, NewTableSize0 = 0x20;
    private const int FrameHeaderBytes = 9, FrameMaxBytes = 16 * 1024;
    private const int LargestWindow = int.MaxValue - 65_535; // added to the window that a connection begins with

    private static readonly byte[] s_preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray();

    private readonly Socket _socket;
    private readonly Stream _stream;
    private readonly string _authority;
    private readonly TimeSpan _timeout;
    private readonly TimeSpan _goAwayDelay;
    private readonly SemaphoreSlim _sending = new(1, 1);
    private readonly ConcurrentDictionary<int, Exchange> _open = new();
    private readonly CancellationTokenSource _dispose = new();
    private readonly Task _reading;
    private int _nextId = 1;
    private volatile bool _mayOpen = true;

    private H2Connection(Socket socket, Stream stream, LoadTarget target, TimeSpan timeout, TimeSpan goAwayDelay)
    {
        (_socket, _stream, _authority, _timeout, _goAwayDelay) = (socket, stream, target.Host, timeout, goAwayDelay);
        _reading = ReadAllAsync();
    }

    /// <summary>Whether new streams may be opened, as far as the client knows.</summary>
    public bool MayOpen => _mayOpen;

    /// <summary>GOAWAY frames that came, by their last stream id.</summary>
    public ConcurrentQueue<int> GoAways { get; } = new();

    /// <summary>The connection's end came as a RST.</summary>
    public bool WasReset { get; private set; }

    /// <summary>Completes when the server has ended the connection.</summary>
    public Task Ended => _reading;

    /// <summary>Connects and says the preface.</summary>
    /// <param name="target">The server; without TLS by prior knowledge.</param>
    /// <param name="timeout">Limit of each request.</param>
    /// <param name="goAwayDelay">How long after its arrival a GOAWAY is known: zero for a near client.</param>
    /// <exception cref="LoadFaultException">Refused, or no HTTP/2.</exception>
    public static async Task<H2Connection> OpenAsync(LoadTarget target, TimeSpan timeout, TimeSpan goAwayDelay)
    {
        var socket = target.CreateSocket(null);
        try
        {
            await socket.ConnectAsync(target.EndPoint).WaitAsync(timeout);
            Stream stream = new NetworkStream(socket, ownsSocket: true);
            if (target.Tls)
            {
                var tls = new SslStream(stream);
                await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
                {
                    TargetHost = "localhost", ApplicationProtocols = [SslApplicationProtocol.Http2],
                    RemoteCertificateValidationCallback = TestCertificate.Accept,
                }).WaitAsync(timeout);
                if (tls.NegotiatedApplicationProtocol != SslApplicationProtocol.Http2) throw new LoadFaultException(FailureKind.Malformed,
                    "the server does not speak h2");
                stream = tls;
            }

            // No table for header fields, so that the status is always one of the static ones; no push; a window that one connection never
            // fills.
            await stream.WriteAsync((byte[])
            [
                .. s_preface, .. Frame(Settings, 0, 0, [0, 1, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0]),
                    .. Frame(WindowUpdate, 0, 0, Number(LargestWindow)),
            ]);
            return new H2Connection(socket, stream, target, timeout, goAwayDelay);
        }
        catch (Exception e)
        {
            socket.Dispose();
            throw e switch
            {
                SocketException { SocketErrorCode: SocketError.ConnectionRefused } =>
                    new LoadFaultException(FailureKind.Refused, e.Message),
                SocketException or IOException => new LoadFaultException(FailureKind.Reset, $"connect: {e.Message}"),
                TimeoutException => new LoadFaultException(FailureKind.Timeout, "connect"),
                _ => e,
            };
        }
    }

    /// <summary>Asks once.</summary>
    /// <returns>The number of bytes in the body; null if the connection may not open a stream any more, so nothing was asked.</returns>
    /// <exception cref="LoadFaultException">Whatever kept the response from being whole.</exception>
    public async Task<long?> GetAsync(string path)
    {
        var exchange = new Exchange();
        await _sending.WaitAsync();
        try
        {
            if (!_mayOpen) return null;
            var id = _nextId;
            _nextId += 2;
            _open[id] = exchange;
            // The reader may have ended between the look and the entry.
            if (_reading.IsCompleted) exchange.Fail(EndFault());
            await _stream.WriteAsync(Frame(Headers, EndStream | EndHeaders, id, HeaderBlock(path)));
        }
        catch (IOException)
        {
            exchange.Fail(EndFault()); // the reader tells how it ended
        }
        finally
        {
            _sending.Release();
        }

        try
        {
            return await exchange.Done.WaitAsync(_timeout);
        }
        catch (TimeoutException)
        {
            throw new LoadFaultException(FailureKind.Timeout, $"no response to {path} within {_timeout.TotalSeconds:0} s");
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _dispose.CancelAsync();
        await _reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _stream.DisposeAsync();
        _socket.Dispose();
        _dispose.Dispose();
    }

    private async Task ReadAllAsync()
    {
        LoadFaultException? fault = null;
        try
        {
            var head = new byte[FrameHeaderBytes];
            while (await _stream.ReadAtLeastAsync(head, FrameHeaderBytes, throwOnEndOfStream: false, _dispose.Token) == FrameHeaderBytes)
            {
                var payload = new byte[head[0] << 16 | head[1] << 8 | head[2]];
                await _stream.ReadExactlyAsync(payload, _dispose.Token);
                await TakeAsync(head[3], head[4], BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(5)) & int.MaxValue, payload);
            }
        }
        catch (LoadFaultException e)
        {
            fault = e;
        }
        catch (IOException e)
        {
            WasReset = e.InnerException is SocketException { SocketErrorCode: SocketError.ConnectionReset };
            if (!WasReset) fault = new LoadFaultException(FailureKind.EofInsideResponse, e.Message);
        }
        catch (OperationCanceledException)
        {
            // Disposed.
        }

        _mayOpen = false;
        foreach (var exchange in _open.Values) exchange.Fail(fault ?? EndFault());
    }

    private LoadFaultException EndFault() => new(
        WasReset ? FailureKind.Reset : FailureKind.EofBeforeResponse,
            $"the connection ended with the request unanswered; GOAWAY: {string.Join(", ", GoAways)}");

    private async Task TakeAsync(byte type, byte flags, int id, byte[] payload)
    {
        switch (type)
        {
            case Headers:
                var at = ((flags & Padded) != 0 ? 1 : 0) + ((flags & Priority) != 0 ? 5 : 0);
                while (payload[at] == NewTableSize0) at++; // the answer to our SETTINGS
                if (_open.TryGetValue(id, out var begun)) begun.Head(payload[at]);
                if ((flags & EndStream) != 0) End(id);
                break;
            case Data:
                if (_open.TryGetValue(id, out var receiving)) receiving.Body += payload.Length;
                if ((flags & EndStream) != 0) End(id);
                // As real clients do: bytes that may be on their way when the server closes.
                if (payload.Length > 0) await SendAsync(Frame(WindowUpdate, 0, 0, Number(payload.Length)));
                break;
            case RstStream:
                if (_open.TryRemove(id, out var reset)) reset
                    .Fail(new LoadFaultException(FailureKind.Reset, $"RST_STREAM {BinaryPrimitives.ReadInt32BigEndian(payload)}"));
                break;
            case Settings when (flags & Ack) == 0:
                await SendAsync(Frame(Settings, Ack, 0, []));
                break;
            case Ping when (flags & Ack) == 0:
                await SendAsync(Frame(Ping, Ack, 0, payload));
                break;
            case GoAway:
                var last = BinaryPrimitives.ReadInt32BigEndian(payload) & int.MaxValue;
                var code = BinaryPrimitives.ReadInt32BigEndian(payload.AsSpan(4));
                GoAways.Enqueue(last);
                if (code != 0) throw new LoadFaultException(FailureKind.Malformed,
                    $"GOAWAY with error {code}: {Encoding.ASCII.GetString(payload.AsSpan(8))}");
                foreach (var (lost, exchange) in _open)
                {
                    if (lost > last) exchange
                        .Fail(new LoadFaultException(FailureKind.EofBeforeResponse, $"stream {lost} was refused by GOAWAY {last}"));
                }

                if (_goAwayDelay == TimeSpan.Zero) _mayOpen = false;
                else _ = CloseLaterAsync();
                break;
        }
    }

    private async Task CloseLaterAsync()
    {
        await Task.Delay(_goAwayDelay);
        _mayOpen = false;
    }

    private void End(int id)
    {
        if (_open.TryRemove(id, out var exchange)) exchange.Complete();
    }

    private async Task SendAsync(byte[] frame)
    {
        await _sending.WaitAsync(_dispose.Token);
        try
        {
            await _stream.WriteAsync(frame, _dispose.Token);
        }
        catch (IOException) when (!GoAways.IsEmpty)
        {
            // The server has closed: what it sent before is still to be read.
        }
        finally
        {
            _sending.Release();
        }
    }

    private byte[] HeaderBlock(string path)
    {
        // :method GET and :scheme are static entries; :authority and :path are literals that no table keeps.
        List<byte> block = [0x82, (byte)(_stream is SslStream ? 0x87 : 0x86)];
        AddLiteral(0x01, _authority);
        AddLiteral(0x04, path);
        return [.. block];

        void AddLiteral(byte name, string value)
        {
            if (value.Length >= 127) throw new ArgumentException($"'{value}' is too long for a length of one byte.");
            block.AddRange([name, (byte)value.Length, .. Encoding.ASCII.GetBytes(value)]);
        }
    }

    private static byte[] Frame(byte type, int flags, int id, ReadOnlySpan<byte> payload)
    {
        if (payload.Length > FrameMaxBytes) throw new ArgumentException("A frame of more than 16 KiB.");
        return [(byte)(payload.Length >> 16), (byte)(payload.Length >> 8), (byte)payload.Length, type, (byte)flags, .. Number(id),
            .. payload];
    }

    private static byte[] Number(int value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(bytes, value);
        return bytes;
    }

    /// <summary>One request under way.</summary>
    private sealed class Exchange
    {
        private readonly TaskCompletionSource<long?> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private byte? _status;

        public Task<long?> Done => _done.Task;

        public long Body { get; set; }

        // Of several header blocks the first has the status; the last one may be trailers.
        public void Head(byte first) => _status ??= first;

        public void Fail(LoadFaultException fault) => _done.TrySetException(fault);

        public void Complete()
        {
            if (_status == Status200) _done.TrySetResult(Body);
            else Fail(new LoadFaultException(FailureKind.WrongStatus, $"a header block that begins with {_status:x2} instead of 88 (200)"));
        }
    }
}
