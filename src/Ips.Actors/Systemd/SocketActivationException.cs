namespace Ips.Actors.Systemd;

/// <summary>The sockets that the service manager passed and the endpoints of the app are not the same; the message names both sides.</summary>
/// <remarks>An IOException, because Kestrel would try another address after any other exception.</remarks>
internal sealed class SocketActivationException(string message) : IOException(message);
