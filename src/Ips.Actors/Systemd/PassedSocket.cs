namespace Ips.Actors.Systemd;

/// <summary>A descriptor that the service manager passed.</summary>
/// <param name="Fd">Its number, from 3.</param>
/// <param name="Name">What the manager calls it: the socket unit, or its FileDescriptorName. Only for messages.</param>
internal sealed record PassedSocket(int Fd, string Name);
