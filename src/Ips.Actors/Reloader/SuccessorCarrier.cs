using Akka.Actor;
using Ips.Actors.Handover;
using Ips.Actors.Lifecycle;
using Ips.Actors.Transport;
using Microsoft.Extensions.Logging;
using static Ips.Actors.Lifecycle.SuccessorEffect;

namespace Ips.Actors.Reloader;

/// <summary>Does with connections what <see cref="SuccessorMachine"/> decides: has them given to the successor, and takes them
/// back.</summary>
/// <param name="slot">The successor.</param>
/// <param name="listeners">Who adopts what comes back.</param>
/// <param name="mover">Who picks what leaves, and counts it.</param>
/// <param name="log">For the canary's shares.</param>
[SupportedOSPlatform("linux")]
internal sealed class SuccessorCarrier(SuccessorSlot slot, IActorRef listeners, IActorRef mover, ILogger log)
{
    /// <summary>Does it.</summary>
    /// <param name="effect">What was decided.</param>
    /// <param name="self">ReloaderActor, which carries, and gets <see cref="TakenBack"/> and <see cref="IntakeFailed"/>.</param>
    /// <param name="takeDescriptors">Gives those of the packet that is being acted on.</param>
    public void Perform(OfConnections effect, IActorRef self, Func<IReadOnlyList<int>> takeDescriptors)
    {
        switch (effect)
        {
            case BeginCarry:
                mover.Tell(new MoverProtocol.Begin(self, slot.Endpoints,
                    Upgrades: slot.State is SuccessorState.Living { Facts.Version: >= HandoverVersion.Upgrades },
                    Tunnels: slot.SuccessorTakesTunnels));
                break;
            case Pass pass:
                log.CanaryShare(slot.Generation, slot.Process!.Pid, pass.Percent);
                slot.Judge?.Step(pass.Percent / 100.0);
                mover.Tell(new MoverProtocol.Begin(self, slot.Endpoints, new MoverProtocol.CanaryShare(pass.Percent, slot.Accepts)));
                break;
            case RefuseCarry: mover.Tell(new MoverProtocol.CarrierLost(0)); break;
            case EndCarry end: mover.Tell(new MoverProtocol.CarrierLeaving(end.Finish)); break;
            case HaltCarry: TakeBack(slot.Courier!.Halt(), UnmovableReason.CarrierGone); break;
            case EndCanary: mover.Tell(new MoverProtocol.EndCanary()); break;
            case BreakCarry:
                mover.Tell(new MoverProtocol.CarrierLost(slot.Courier!.Break()));
                TakeBack(slot.Courier.Recall(), UnmovableReason.CarrierGone);
                break;
            case RecallCarry: TakeBack(slot.Courier!.Recall(), UnmovableReason.CarrierGone); break;
            case Acknowledge some:
                mover.Tell(new MoverProtocol.Delivered(slot.Courier!.Acknowledge(some.Count)));
                TakeBackUnsendable(slot.Courier);
                break;
            case TakeBackDeclined some: TakeBack(slot.Courier!.Decline(some.Packet), UnmovableReason.Declined); break;
            case TakeReturned returned: TakeReturned(returned.Frame, takeDescriptors(), self); break;
        }
    }

    /// <summary>Sends connections that have left.</summary>
    public void Carry(MoverProtocol.Carry carry)
    {
        if (slot.Courier is not { IsBroken: false } courier)
        {
            TakeBack(carry.Connections, UnmovableReason.CarrierGone);
            return;
        }

        courier.Send(carry.Connections);
        TakeBackUnsendable(courier);
    }

    private void TakeBackUnsendable(ConnectionCourier courier)
    {
        if (courier.TakeUnsendable() is { Count: > 0 } unsendable) TakeBack(unsendable, UnmovableReason.NoDescriptor);
    }

    private void TakeBack(IReadOnlyList<MovedConnection> connections, UnmovableReason reason) =>
        ReturningConnections.TakeBack(connections, reason, mover, listeners);

    // A rollback: the successor gives back what it has.
    private void TakeReturned(ICarries frame, IReadOnlyList<int> fds, IActorRef self)
    {
        slot.ConnectionPackets++;
        var channel = slot.Process!.Channel;
        if (ConnectionIntake.Take(frame, fds) is not { } connections)
        {
            channel.TrySend(new DeclinedFrame(slot.ConnectionPackets));
            return;
        }

        ConnectionIntake.AdoptAsync(connections, channel, listeners)
            .PipeTo(self, success: adopted => new TakenBack(adopted.Count, frame.SentAtNs),
                failure: error => new IntakeFailed(connections.Count, error.GetBaseException().Message));
    }

    /// <summary>So many came back from the successor.</summary>
    public sealed record TakenBack(int Count, long? SentAt);

    /// <summary>So many came back, and could not be answered here.</summary>
    public sealed record IntakeFailed(int Count, string Reason);
}
