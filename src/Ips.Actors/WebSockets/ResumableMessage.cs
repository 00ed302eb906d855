using System.Net.WebSockets;
using System.Text;

namespace Ips.Actors.WebSockets;

/// <summary>A whole message of a client.</summary>
/// <param name="Type">Text or binary.</param>
/// <param name="Data">Its bytes, until the next message is asked for.</param>
public readonly record struct ResumableMessage(WebSocketMessageType Type, ReadOnlyMemory<byte> Data)
{
    /// <summary>Gets the message as text.</summary>
    public string Text => Encoding.UTF8.GetString(Data.Span);
}
