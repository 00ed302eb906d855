namespace Ips.Actors.Posix;

/// <summary>The path of a Unix socket cannot be given the permissions or the owner that were asked for.</summary>
/// <param name="message">What, why, and the key to change.</param>
internal sealed class UnixAccessException(string message) : IOException(message);
