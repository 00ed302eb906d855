using Akka.Actor;
using Ips.Actors.Listener;

namespace Ips.Actors.Transport;

/// <summary>Connections that were sent to a generation without room for them, on their way back into this one.</summary>
internal static class DeclinedConnections
{
    private static readonly TimeSpan AdoptTimeout = TimeSpan.FromSeconds(30);

    /// <summary>Has no more of them sent, and these answered here.</summary>
    public static void TakeBack(IReadOnlyList<MovedConnection> connections, IActorRef mover, IActorRef listeners)
    {
        mover.Tell(new MoverProtocol.CarrierLeaving(Finish: false)); // first: what is adopted here again must not be asked to leave again
        if (connections.Count > 0)
        {
            // Not before they count as open here: nothing would hold this process.
            listeners.Ask<ListenerProtocol.Adopted>(new ListenerProtocol.Adopt(connections), AdoptTimeout)
                .PipeTo(mover, success: _ => new MoverProtocol.Returned(connections.Count), failure: _ => new MoverProtocol.Returned(connections.Count));
        }
    }
}
