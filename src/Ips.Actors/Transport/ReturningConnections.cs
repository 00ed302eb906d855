using Akka.Actor;
using Ips.Actors.Handover;

namespace Ips.Actors.Transport;

/// <summary>Connections that were to move to a generation which has no room for them, or is gone, on their way back into this
/// one.</summary>
internal static class ReturningConnections
{
    private static readonly TimeSpan AdoptTimeout = TimeSpan.FromSeconds(30);

    /// <summary>Has no more of them sent, and these answered here.</summary>
    /// <param name="connections">Those that nobody else reads from; may be none.</param>
    /// <param name="reason">Why they stay.</param>
    /// <param name="mover">Who counts them as on their way.</param>
    /// <param name="listeners">Who adopts them.</param>
    public static void TakeBack(IReadOnlyList<MovedConnection> connections, UnmovableReason reason, IActorRef mover, IActorRef listeners)
    {
        mover.Tell(new MoverProtocol.CarrierLeaving(Finish: false)); // first: what is adopted here again must not be asked to leave again
        if (connections.Count > 0)
        {
            // Not before they count as open here: nothing would hold this process.
            listeners.Ask<ListenerProtocol.Adopted>(new ListenerProtocol.Adopt(connections), AdoptTimeout)
                .PipeTo(mover, success: _ => new MoverProtocol.Returned(connections.Count, reason),
                    failure: _ => new MoverProtocol.Returned(connections.Count, reason));
        }
    }
}
