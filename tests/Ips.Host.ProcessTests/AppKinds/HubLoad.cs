using System.Collections.Concurrent;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;

namespace Ips.Host.ProcessTests.AppKinds;

/// <summary>SignalR clients over WebSockets, without negotiation. Told to leave by the hub's own close message, each connects again; any
/// other end is a failure.</summary>
internal sealed class HubLoad : IAsyncDisposable
{
    private static readonly TimeSpan CallInterval = TimeSpan.FromMilliseconds(20); // the load of one client
    private const char RecordEnd = '\u001e';
    private readonly Uri _address;
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentQueue<string> _failures = new();
    private readonly Task _clients;
    private int _connected, _toldToLeave;

    private HubLoad(Uri address, int clients)
    {
        _address = address;
        _clients = Task.WhenAll(Enumerable.Range(0, clients).Select(_ => Task.Run(RunAsync)));
    }

    /// <summary>Connections that were ever made.</summary>
    public int Connected => Volatile.Read(ref _connected);

    /// <summary>Close messages with <c>allowReconnect</c>.</summary>
    public int ToldToLeave => Volatile.Read(ref _toldToLeave);

    public static HubLoad Start(int port, int clients) => new(new Uri($"ws://127.0.0.1:{port}/hub"), clients);

    /// <summary>Ends each client after its current call.</summary>
    /// <returns>What went wrong.</returns>
    public async Task<IReadOnlyList<string>> StopAsync()
    {
        await _stop.CancelAsync();
        await _clients;
        return [.. _failures];
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _clients.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            using var socket = new ClientWebSocket();
            try
            {
                await socket.ConnectAsync(_address, CancellationToken.None).WaitAsync(Limits.Step);
                await SendAsync(socket, """{"protocol":"json","version":1}""");
                await ReceiveAsync(socket);
                Interlocked.Increment(ref _connected);
                await TalkAsync(socket);
            }
            catch (Exception e) when (e is WebSocketException or IOException or TimeoutException or JsonException)
            {
                _failures.Enqueue($"SignalR: {e.Message} {e.InnerException?.Message}");
            }
        }
    }

    private async Task TalkAsync(ClientWebSocket socket)
    {
        for (var call = 1; !_stop.IsCancellationRequested; call++)
        {
            await SendAsync(socket, $$"""{"type":1,"invocationId":"{{call}}","target":"Echo","arguments":["{{call}}"]}""");
            while (true)
            {
                if (await ReceiveAsync(socket) is not { } message)
                {
                    _failures.Enqueue($"SignalR: closed with {socket.CloseStatus} and no message");
                    return;
                }

                if (message.GetProperty("type").GetInt32() == 7)
                {
                    if (message.TryGetProperty("allowReconnect", out var allow) && allow.GetBoolean())
                        Interlocked.Increment(ref _toldToLeave);
                    else _failures.Enqueue($"SignalR: told to leave by {message}");
                    return;
                }

                if (message.GetProperty("type").GetInt32() == 3) break; // the call's answer; pings and calls of the hub come between
            }

            await Task.Delay(CallInterval, CancellationToken.None);
        }

        await SendAsync(socket, """{"type":7}""");
        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None).WaitAsync(Limits.Step);
    }

    private static Task SendAsync(ClientWebSocket socket, string message) =>
        socket.SendAsync(Encoding.UTF8.GetBytes(message + RecordEnd), WebSocketMessageType.Text, true, CancellationToken.None)
            .WaitAsync(Limits.Step);

    // One at a time: the hub says little. Null at the WebSocket's own close.
    private static async Task<JsonElement?> ReceiveAsync(ClientWebSocket socket)
    {
        var text = new StringBuilder();
        var buffer = new byte[4096];
        while (true)
        {
            var part = await socket.ReceiveAsync(buffer, CancellationToken.None).WaitAsync(Limits.Step);
            if (part.MessageType == WebSocketMessageType.Close) return null;
            text.Append(Encoding.UTF8.GetString(buffer, 0, part.Count));
            if (part.EndOfMessage && text.ToString() is [.. var json, RecordEnd])
            {
                using var document = JsonDocument.Parse(json.Split(RecordEnd)[^1]);
                return document.RootElement.Clone();
            }
        }
    }
}
