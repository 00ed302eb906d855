using System.Net.WebSockets;

namespace Ips.Testing.WebSockets;

/// <summary>A WebSocket client of any make.</summary>
internal interface IChainPeer : IDisposable
{
    /// <summary>Pings that were answered.</summary>
    long Pongs { get; }

    /// <summary>Why the server has closed; null while it has not.</summary>
    WebSocketCloseStatus? Closed { get; }

    /// <summary>Sends a whole message.</summary>
    Task SendAsync(byte[] message, WebSocketMessageType type);

    /// <summary>The next whole message; null after the server's Close, which is answered.</summary>
    /// <exception cref="IOException">The connection ended without a Close.</exception>
    Task<(WebSocketMessageType Type, byte[] Data)?> ReceiveAsync();

    /// <summary>Closes with 1000; the answer is received as a Close.</summary>
    Task CloseAsync();
}
