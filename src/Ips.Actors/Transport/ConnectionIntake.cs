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

    /// <summary>The connections, in order, each with its descriptor; null if the packet does not carry a connected socket for each: then
    /// all are closed.</summary>
    public static IReadOnlyList<MovedConnection>? Take(ConnectionsFrame frame, IReadOnlyList<int> fds)
    {
        if (fds.Count == frame.Connections.Count && fds.All(SocketOptions.IsStreamConnection))
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
