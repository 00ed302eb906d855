using System.Security.Cryptography;
using Akka.Actor;
using Ips.Actors.Handover;
using Ips.Actors.Posix;

namespace Ips.Actors.Transport;

/// <summary>The connections of a packet, on their way in.</summary>
[SupportedOSPlatform("linux")]
internal static class ConnectionIntake
{
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
        if (fds.Count == frame.Connections.Count && fds.All(SocketOptions.IsStreamConnection) && DescriptorRoom.IsLeft(fds.Max(), limit))
        {
            return [.. frame.Connections.Select((offer, i) =>
                new MovedConnection(new EndpointKey(offer.Endpoint, offer.Ordinal), fds[i], offer.Leftover))];
        }

        return Refuse(fds);
    }

    private static IReadOnlyList<MovedConnection>? Take(UpgradedFrame frame, IReadOnlyList<int> fds, long limit)
    {
        var count = frame.Connections.Count;
        if (fds.Count != frame.Descriptors || !DescriptorRoom.IsLeft(fds.Max(), limit)) return Refuse(fds);
        var (connections, memories, next) = (new List<MovedConnection>(count), new List<int>(count), 0);
        foreach (var offer in frame.Connections)
        {
            var (socket, memory, backend) = (fds[next], fds[next + 1], offer.Tunnel ? fds[next + 2] : -1);
            next += UpgradedOffer.DescriptorsOf(offer.Tunnel);
            if (!SocketOptions.IsStreamConnection(socket) || (offer.Tunnel && !SocketOptions.IsStreamConnection(backend))
                || ReadParcel(memory) is not { } parcel)
            {
                return Refuse(fds);
            }

            memories.Add(memory);
            connections.Add(new MovedConnection(new EndpointKey(offer.Endpoint, offer.Ordinal), socket, default,
                parcel with { Backend = backend }));
        }

        memories.ForEach(FileDescriptors.Close);
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
