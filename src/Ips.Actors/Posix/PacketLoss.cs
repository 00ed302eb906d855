namespace Ips.Actors.Posix;

/// <summary>What of a packet did not arrive. See recvmsg(2), MSG_TRUNC and MSG_CTRUNC.</summary>
internal enum PacketLoss
{
    /// <summary>It is whole.</summary>
    None,

    /// <summary>Its end, and all of its descriptors.</summary>
    Bytes,

    /// <summary>All of its descriptors.</summary>
    Descriptors,
}
