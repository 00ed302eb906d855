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

    /// <summary>The connections, in order, each with its descriptor; null if the packet does not carry a connected socket for each, or
    /// leaves too few descriptors for new clients: then all are closed.</summary>
    /// <param name="frame">The packet.</param>
    /// <param name="fds">Its descriptors.</param>
    /// <param name="limit">How many descriptors this process may have open.</param>
    public static IReadOnlyList<MovedConnection>? Take(ConnectionsFrame frame, IReadOnlyList<int> fds, long limit = long.MaxValue)
    {
        if (fds.Count == frame.Connections.Count && fds.All(SocketOptions.IsStreamConnection) && LeavesRoom(fds.Max(), limit))
        {
            return [.. frame.Connections.Select((offer, i) =>
                new MovedConnection(new EndpointKey(offer.Endpoint, offer.Ordinal), fds[i], offer.Leftover))];
        }

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
