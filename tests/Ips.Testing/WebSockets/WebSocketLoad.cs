using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Security.Cryptography;

namespace Ips.Testing.WebSockets;

/// <summary>WebSocket clients that say something, wait for its echo, and pause. Closed with 1001 one answers the Close, waits for the end
/// and connects again.</summary>
internal sealed class WebSocketLoad : IAsyncDisposable
{
    private const int RecordedFailuresMax = 20;
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(30);

    private readonly Uri _address;
    private readonly HttpMessageInvoker? _http2; // all clients' streams of one connection, as a browser has them
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentQueue<string> _failures = new();
    private readonly ConcurrentQueue<TimeSpan> _closeTimes = new();
    private readonly long _begun = Stopwatch.GetTimestamp();
    private readonly Task _clients;
    private long _echoes, _failed;
    private int _connected, _resets;

    private WebSocketLoad(Uri address, int clients, bool http2)
    {
        _address = address;
        if (http2)
        {
            _http2 = new HttpMessageInvoker(new SocketsHttpHandler
            {
                SslOptions = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = Load.TestCertificate.Accept },
            });
        }

        _clients = Task.WhenAll(Enumerable.Range(0, clients).Select(_ => Task.Run(RunAsync)));
    }

    /// <summary>WebSockets that were ever open.</summary>
    public int Connected => Volatile.Read(ref _connected);

    /// <summary>WebSockets that were closed with 1001.</summary>
    public int GoneAway => _closeTimes.Count;

    /// <summary>Starts all clients.</summary>
    /// <param name="address">Such as <c>ws://127.0.0.1:8080/ws</c>; it must echo.</param>
    /// <param name="clients">How many, 1 or more.</param>
    /// <param name="http2">Each is a stream of an HTTP/2 connection (RFC 8441); the address must be <c>wss</c>.</param>
    public static WebSocketLoad Start(Uri address, int clients, bool http2 = false) => new(address, clients, http2);

    /// <summary>Ends each client after its current message, and tells what was seen.</summary>
    public async Task<WebSocketReport> StopAsync()
    {
        await _stop.CancelAsync();
        await _clients;
        return new WebSocketReport(Interlocked.Read(ref _echoes), Interlocked.Read(ref _failed), GoneAway, _resets, [.. _closeTimes],
            [.. _failures.Take(RecordedFailuresMax)]);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _clients.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
        _http2?.Dispose();
    }

    private async Task RunAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            using var socket = new ClientWebSocket();
            if (_http2 is null) socket.Options.RemoteCertificateValidationCallback = Load.TestCertificate.Accept;
            else (socket.Options.HttpVersion, socket.Options.HttpVersionPolicy) = (HttpVersion.Version20,
                HttpVersionPolicy.RequestVersionExact);
            try
            {
                await socket.ConnectAsync(_address, _http2, CancellationToken.None).WaitAsync(s_timeout);
                Interlocked.Increment(ref _connected);
                await TalkAsync(socket);
            }
            catch (Exception e) when (e is WebSocketException or IOException or TimeoutException)
            {
                if (e.GetBaseException() is SocketException { SocketErrorCode: SocketError.ConnectionReset }) Interlocked
                    .Increment(ref _resets);
                Fail(e.Message + (e.InnerException is { } inner ? $" ({inner.Message})" : ""));
            }
        }
    }

    private async Task TalkAsync(ClientWebSocket socket)
    {
        var (sent, received) = (new byte[64], new byte[256]);
        while (true)
        {
            if (_stop.IsCancellationRequested)
            {
                await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None).WaitAsync(s_timeout);
                return;
            }

            RandomNumberGenerator.Fill(sent);
            await socket.SendAsync(sent.AsMemory(), WebSocketMessageType.Binary, true, CancellationToken.None).AsTask()
                .WaitAsync(s_timeout);
            var reply = await socket.ReceiveAsync(received.AsMemory(), CancellationToken.None).AsTask().WaitAsync(s_timeout);
            if (reply.MessageType == WebSocketMessageType.Close)
            {
                // A message that crossed the Close on its way is lost by the protocol's own rule: the client knows, and says it again after
                // it has connected. Anything but a Close 1001 is a failure.
                if (socket.CloseStatus != WebSocketCloseStatus.EndpointUnavailable) Fail(
                    $"closed with {socket.CloseStatus} {socket.CloseStatusDescription}");
                else _closeTimes.Enqueue(Stopwatch.GetElapsedTime(_begun));
                await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None).WaitAsync(s_timeout);
                return;
            }

            if (!reply.EndOfMessage || !received.AsSpan(0, reply.Count).SequenceEqual(sent)) Fail("an echo differs from what was sent");
            else Interlocked.Increment(ref _echoes);
            await Load.Pause.ForAsync(s_pause, _stop.Token);
        }
    }

    private void Fail(string what)
    {
        Interlocked.Increment(ref _failed);
        if (_failures.Count < RecordedFailuresMax) _failures.Enqueue(what);
    }
}
