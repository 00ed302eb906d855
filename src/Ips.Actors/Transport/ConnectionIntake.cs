using System.Security.Cryptography;
using Akka.Actor;
using Ips.Actors.Handover;
using Ips.Actors.Posix;

namespace Ips.Actors.Transport;

/// <summary>The connections of a packet, on their way in.</summary>
[SupportedOSPlatform("linux")]
internal static class ConnectionIntake
{
    private const int LeastSpare = 16, SpareShare = 20; // descriptors kept for new clients: a twentieth of the limit
    private static readonly TimeSpan AcknowledgeTimeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan AdoptTimeout = TimeSpan.FromSeconds(30);

    /// <summary>The connections, in order, each with its descriptor; null if the packet does not carry a connected socket for each (and a
    /// parcel for each that is upgraded), or leaves too few descriptors for new clients: then all are closed.</summary>
    /// <param name="frame">The packet.</param>
    /// <param name="fds">Its descriptors.</param>
    /// <param name="limit">How many descriptors this process may have open.</param>
    public static IReadOnlyList<MovedConnection>? Take(ICarries frame, IReadOnlyList<int> fds, long limit = long.MaxValue) => frame switch
    {
        UpgradedFrame upgraded => Take(upgraded, fds, limit),
        _ => Take((ConnectionsFrame)frame, fds, limit),
    };

    private static IReadOnlyList<MovedConnection>? Take(ConnectionsFrame frame, IReadOnlyList<int> fds, long limit)
    {
        if (fds.Count == frame.Connections.Count && fds.All(SocketOptions.IsStreamConnection) && LeavesRoom(fds.Max(), limit))
        {
            return [.. frame.Connections.Select((offer, i) =>
                new MovedConnection(new EndpointKey(offer.Endpoint, offer.Ordinal), fds[i], offer.Leftover))];
        }

        return Refuse(fds);
    }

    private static IReadOnlyList<MovedConnection>? Take(UpgradedFrame frame, IReadOnlyList<int> fds, long limit)
    {
        var count = frame.Connections.Count;
        if (fds.Count != 2 * count || !LeavesRoom(fds.Max(), limit)) return Refuse(fds);
        var connections = new List<MovedConnection>(count);
        for (var i = 0; i < count; i++)
        {
            var offer = frame.Connections[i];
            if (!SocketOptions.IsStreamConnection(fds[2 * i]) || ReadParcel(fds[(2 * i) + 1]) is not { } parcel) return Refuse(fds);
            connections.Add(new MovedConnection(new EndpointKey(offer.Endpoint, offer.Ordinal), fds[2 * i], default, parcel));
        }

        for (var i = 0; i < count; i++) FileDescriptors.Close(fds[(2 * i) + 1]);
        return connections;
    }

    private static UpgradeParcel? ReadParcel(int fd)
    {
        if (SealedMemory.TryRead(fd, UpgradeParcel.MaxBytes) is not { } content) return null;
        try
        {
            return UpgradeParcelCodec.Decode(content);
        }
        catch (InvalidDataException)
        {
            return null; // a peer's fault: the packet is declined
        }
        finally
        {
            CryptographicOperations.ZeroMemory(content);
        }
    }

    private static IReadOnlyList<MovedConnection>? Refuse(IReadOnlyList<int> fds)
    {
        foreach (var fd in fds)
        {
            FileDescriptors.Close(fd);
        }

        return null;
    }

    // Descriptors are given lowest number first, so the highest one says how many are open. Who takes the last one for a connection that
    // moves can accept nobody until its predecessor has ended.
    private static bool LeavesRoom(int highest, long limit) => limit - 1 - highest >= Math.Max(LeastSpare, limit / SpareShare);

    /// <summary>
    /// Acknowledges connections, then has them answered here. In this order: when this process dies, its peer takes back what was not
    /// acknowledged, and of that nothing may have been read.
    /// </summary>
    /// <exception cref="AskTimeoutException">They were not adopted in time.</exception>
    public static Task<ListenerProtocol.Adopted> AdoptAsync(IReadOnlyList<MovedConnection> connections, IHandoverChannel channel,
        IActorRef listeners)
    {
        channel.TrySend(new AdoptedFrame(connections.Count));
        // Not awaited: the code of an async method would be compiled while the first ones wait.
        return channel.FlushAsync(AcknowledgeTimeout).ContinueWith(
            flush =>
            {
                // Not flushed: the peer is dead, and they have nobody but this process; or stopped, and takes nothing back from who lives.
                _ = flush.Exception;
                return listeners.Ask<ListenerProtocol.Adopted>(new ListenerProtocol.Adopt(connections), AdoptTimeout);
            },
            TaskScheduler.Default).Unwrap();
    }
}
