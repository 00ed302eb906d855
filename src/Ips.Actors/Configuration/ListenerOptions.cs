namespace Ips.Actors.Configuration;

/// <summary>How listening sockets are opened. HOCON block <c>ips.listener</c>.</summary>
public sealed class ListenerOptions
{
    /// <summary>Length of the kernel's queue of connections not yet accepted, capped by <c>net.core.somaxconn</c>; see listen(2).
    /// From 1 to 65535. Default 4096, the kernel's own default cap since Linux 5.4.</summary>
    public int Backlog { get; set; } = 4096;
}
