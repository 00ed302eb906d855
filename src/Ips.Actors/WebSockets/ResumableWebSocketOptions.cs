namespace Ips.Actors.WebSockets;

/// <summary>How <c>MapResumableWebSocket</c> accepts WebSockets. A release that accepts otherwise than the one before closes those of the
/// one before with 1012.</summary>
public sealed class ResumableWebSocketOptions
{
    /// <summary>Gets the subprotocols that the app speaks.</summary>
    /// <value>Default empty: none is agreed. Of those that a client asks for, the first one that is listed here is taken.</value>
    public IList<string> SubProtocols { get; } = [];

    /// <summary>Gets or sets whether messages may be compressed (permessage-deflate). Each is compressed on its own. As with HTTPS, do not
    /// compress secrets together with what an attacker can choose (CRIME, BREACH).</summary>
    /// <value>Default false.</value>
    public bool Compress { get; set; }

    /// <summary>Gets or sets how often a frame is sent that keeps proxies from closing an idle connection. No answer is waited for: a
    /// WebSocket that waits for one reads ahead, and what it has read could not move.</summary>
    /// <value>Zero or less turns it off. Default 30 s.</value>
    public TimeSpan KeepAliveInterval { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Gets or sets the size of a message at most. A client that sends a longer one gets Close 1009.</summary>
    /// <value>In bytes. Default 1 MiB.</value>
    public int MaxMessageBytes { get; set; } = 1024 * 1024;
}
