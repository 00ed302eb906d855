using Ips.Actors.Listener;
using Ips.Actors.Posix;

namespace Ips.Actors.Handover;

/// <summary>Pairs the connections of a packet with its descriptors.</summary>
internal static class ConnectionIntake
{
    /// <summary>The connections, in order, each with its descriptor; null if the packet does not carry one for each: then all are closed.</summary>
    public static IReadOnlyList<MovedConnection>? Take(ConnectionsFrame frame, IReadOnlyList<int> fds)
    {
        if (fds.Count == frame.Connections.Count && frame.Connections.All(offer => offer is not null)) // JSON may hold a null for each
        {
            return [.. frame.Connections.Select((offer, i) => new MovedConnection(new EndpointKey(offer.Endpoint, offer.Ordinal), fds[i], offer.Leftover))];
        }

        foreach (var fd in fds)
        {
            FileDescriptors.Close(fd);
        }

        return null;
    }
}
