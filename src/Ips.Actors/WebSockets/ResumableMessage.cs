using System.Net.WebSockets;
using System.Text;

namespace Ips.Actors.WebSockets;

/// <summary>A whole message of a client.</summary>
public sealed class ResumableMessage
{
    internal ResumableMessage(WebSocketMessageType type, ReadOnlyMemory<byte> data) => (Type, Data) = (type, data);

    /// <summary>Gets whether it is text or binary.</summary>
    public WebSocketMessageType Type { get; }

    /// <summary>Gets its bytes. They are valid until the next message is asked for.</summary>
    public ReadOnlyMemory<byte> Data { get; }

    /// <summary>Gets it as text.</summary>
    public string Text => Encoding.UTF8.GetString(Data.Span);
}
