using System.Net.WebSockets;

namespace Ips.Testing.WebSockets;

/// <summary>.NET's own client.</summary>
internal sealed class DotnetPeer : IChainPeer
{
    private readonly ClientWebSocket _socket;
    private volatile bool _closing;
    private readonly byte[] _buffer = new byte[8192];

    private DotnetPeer(ClientWebSocket socket) => _socket = socket;

    public long Pongs => 0;

    public WebSocketCloseStatus? Closed { get; private set; }

    /// <summary>Whether messages are compressed.</summary>
    public bool IsCompressed { get; private init; }

    /// <summary>The subprotocol.</summary>
    public string? SubProtocol => _socket.SubProtocol;

    /// <summary>Connects.</summary>
    /// <param name="address">The address.</param>
    /// <param name="deflate">Offers compression.</param>
    /// <param name="set">Sets headers and the like.</param>
    public static async Task<DotnetPeer> ConnectAsync(Uri address, bool deflate = false, Action<ClientWebSocketOptions>? set = null)
    {
        var socket = new ClientWebSocket();
        if (deflate) socket.Options.DangerousDeflateOptions = new WebSocketDeflateOptions();
        socket.Options.CollectHttpResponseDetails = true;
        set?.Invoke(socket.Options);
        await socket.ConnectAsync(address, CancellationToken.None).WaitAsync(Limits.Step);
        return new DotnetPeer(socket)
        {
            IsCompressed = socket.HttpResponseHeaders?.Keys.Contains("Sec-WebSocket-Extensions", StringComparer.OrdinalIgnoreCase) == true,
        };
    }

    public Task SendAsync(byte[] message, WebSocketMessageType type) =>
        _socket.SendAsync(message, type, true, CancellationToken.None).WaitAsync(Limits.Step);

    public async Task<(WebSocketMessageType Type, byte[] Data)?> ReceiveAsync()
    {
        var message = new MemoryStream();
        while (true)
        {
            ValueWebSocketReceiveResult part;
            try
            {
                part = await _socket.ReceiveAsync(_buffer.AsMemory(), CancellationToken.None);
            }
            catch (WebSocketException e)
            {
                throw new IOException(e.Message, e);
            }

            if (part.MessageType is WebSocketMessageType.Close)
            {
                Closed = _socket.CloseStatus;
                if (!_closing && _socket.State is WebSocketState.CloseReceived)
                    await _socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
                return null;
            }

            message.Write(_buffer, 0, part.Count);
            if (part.EndOfMessage) return (part.MessageType, message.ToArray());
        }
    }

    public Task CloseAsync()
    {
        _closing = true; // until it is sent, the WebSocket would answer a Close that comes meanwhile with another one
        return _socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
    }

    public void Dispose() => _socket.Dispose();
}
