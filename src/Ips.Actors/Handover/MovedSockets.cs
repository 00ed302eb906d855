using Ips.Actors.Posix;

namespace Ips.Actors.Handover;

/// <summary>A listening socket that travels.</summary>
/// <param name="Endpoint">The endpoint as asked for, in the text of <see cref="EndpointKey"/>.</param>
/// <param name="Ordinal">Counts equal endpoints from 0.</param>
/// <param name="Fd">A descriptor that the receiver owns.</param>
/// <param name="External">The service manager opened it and listens on: the path of a Unix socket is its to remove.</param>
internal sealed record OfferedSocket(string Endpoint, int Ordinal, int Fd, bool External = false);

/// <summary>A connection that left one generation at a request boundary, or at a quiet point of an upgraded one.</summary>
/// <param name="Origin">The listening socket that it came by.</param>
/// <param name="Fd">Its descriptor, owned by the holder of the message.</param>
/// <param name="Leftover">Bytes of the next request that were received already.</param>
/// <param name="Upgrade">What travels with an upgraded one; null for one that speaks HTTP.</param>
internal sealed record MovedConnection(EndpointKey Origin, int Fd, ReadOnlyMemory<byte> Leftover, UpgradeParcel? Upgrade = null)
{
    /// <summary>Whether a connection to a backend travels with it.</summary>
    public bool IsTunnel => Upgrade is { Backend: >= 0 };

    /// <summary>Closes its descriptors.</summary>
    [SupportedOSPlatform("linux")]
    public void Close() => Close(Fd, Upgrade);

    /// <summary>Closes the descriptors of one.</summary>
    [SupportedOSPlatform("linux")]
    public static void Close(int fd, UpgradeParcel? upgrade)
    {
        FileDescriptors.Close(fd);
        if (upgrade is { Backend: >= 0 and var backend }) FileDescriptors.Close(backend);
    }
}
