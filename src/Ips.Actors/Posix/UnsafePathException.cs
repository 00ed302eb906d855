namespace Ips.Actors.Posix;

/// <summary>A path leads through, or to, what another user may have put there.</summary>
/// <param name="message">What, whose it is, and what to change.</param>
internal sealed class UnsafePathException(string message) : IOException(message);
