namespace Ips.Actors.Transport;

/// <summary>A service that is there in an app that takes tunnels: WebSockets that come with the connection to their backend.</summary>
internal sealed class TunnelMark;
