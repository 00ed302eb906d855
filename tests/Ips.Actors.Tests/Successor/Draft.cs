using Ips.Actors.Handover;
using Ips.Actors.Lifecycle;
using Ips.Actors.Posix;
using Ips.Actors.Tests.Lifecycle;
using static Ips.Actors.Tests.Lifecycle.WorldRules;

namespace Ips.Actors.Tests.Successor;

/// <summary>A state of the whole on its way into the next one: what the machines decide is done at once, what they say is sent.</summary>
internal sealed class Draft(Whole whole, Machines machines)
{
    /// <summary>The end of the channel, as the last packet.</summary>
    public static readonly object Close = "close";

    private static readonly SuccessorEvent Exit = new SuccessorEvent.Exited(new ProcessEnd.Exited(new ProcessExit(1, 0)));

    private bool _launches;

    public Whole Whole { get; private set; } = whole;

    public void Set(Facts facts) => Whole = Whole with { Facts = Whole.Facts | facts };

    public void Clear(Facts facts) => Whole = Whole with { Facts = Whole.Facts & ~facts };

    public void Move(PeerStage stage) => Whole = Whole with { Peer = stage };

    public void ReceiveOrder()
    {
        var order = machines.Orders[Whole.Orders.First];
        Whole = Whole with { Orders = Whole.Orders.Rest };
        Feed(new SuccessorEvent.Ordered(order));
    }

    public void ReceiveEvent()
    {
        var @event = machines.Events[Whole.Events.First];
        Whole = Whole with { Events = Whole.Events.Rest };
        Feed(@event);
    }

    public void ReceiveFrame()
    {
        var packet = machines.Packets[Whole.FromPeer.First];
        Whole = Whole with { FromPeer = Whole.FromPeer.Rest };
        Feed(packet is HandoverFrame frame ? new SuccessorEvent.Received(frame) : new SuccessorEvent.ChannelClosed(null));
    }

    /// <summary>The peer's next packet.</summary>
    public object TakeFrameThere()
    {
        var packet = machines.Packets[Whole.ToPeer.First];
        Whole = Whole with { ToPeer = Whole.ToPeer.Rest };
        return packet;
    }

    /// <summary>The peer says this, unless it has closed the channel.</summary>
    public void Say(object packet)
    {
        if (!Whole.Has(Facts.HasClosed))
        {
            Whole = Whole with { FromPeer = Post(Whole.FromPeer, machines.Packets.Of(packet)) };
        }
    }

    public void SeeExit()
    {
        Clear(Facts.ExitOwed);
        Feed(Exit);
    }

    public void Settle(Facts owed, LifecycleEvent @event)
    {
        Clear(owed);
        Feed(@event);
    }

    public void OfferSockets(bool launches)
    {
        Clear(Facts.SocketsOwed);
        _launches = launches;
        Feed(new SuccessorEvent.SocketsOffered());
    }

    public void AnswerJudge(string? wants)
    {
        Clear(Facts.JudgeOwed);
        Feed(new SuccessorEvent.JudgeAsked(wants));
    }

    public void Fire(Facts timer, SuccessorTimer which)
    {
        Clear(timer);
        Feed(new SuccessorEvent.TimerFired(which));
    }

    /// <summary>ReloaderActor restarts: its clocks are gone, and everybody is asked again.</summary>
    public void Restart()
    {
        Clear(Facts.OfReloader);
        Set(Facts.HasRestarted);
        foreach (var effect in machines.Resume(Whole)) Perform(effect);
        Whole = Whole with { Events = Post(Whole.Events, machines.Events.Of(new LifecycleEvent.ActorRestarted("reloader"))) };
    }

    public void Die()
    {
        Say(Close);
        Move(PeerStage.Dead);
        Whole = Whole with { ToPeer = default };
        Set(Facts.ExitOwed | Facts.HasClosed);
    }

    public void Feed(LifecycleEvent @event)
    {
        var (state, effects) = machines.Next(Whole.Lifecycle, @event);
        Whole = Whole with { Lifecycle = state };
        foreach (var effect in effects) Do(effect);
    }

    private void Feed(SuccessorEvent @event)
    {
        var (state, effects) = machines.Next(Whole.Successor, @event);
        Whole = Whole with { Successor = state };
        foreach (var effect in effects) Perform(effect);
    }

    private void Do(LifecycleEffect effect)
    {
        switch (effect)
        {
            case ReloaderOrder.SendFarewell or ReloaderOrder.MoveConnections or ReloaderOrder.ReopenOlderLogs: break; // not in this model
            case ReloaderOrder.EndSuccessor end:
                Set(Facts.EndOrdered);
                Send(end with { Reason = "" });
                break;
            case ReloaderOrder order: Send(order); break;
            case LifecycleEffect.BeginReload:
                Require(!Whole.Has(Facts.AccountOpen), ComposedRules.Receipt, "a reload begins before the last one has its receipt");
                Clear(Facts.OfReload);
                Set(Facts.AccountOpen);
                break;
            case LifecycleEffect.NoteFailure or LifecycleEffect.NoteChecked:
                Require(Whole.Has(Facts.AccountOpen), ComposedRules.Receipt, "a reload fails that has its receipt already");
                Set(Facts.AccountFailed);
                break;
            case LifecycleEffect.FinishReload:
                Require(Whole.Has(Facts.AccountOpen), ComposedRules.Receipt, "a reload gets a second receipt");
                Require(Whole.Has(Facts.AccountFailed | Facts.PromoteSent), ComposedRules.Receipt,
                    "the receipt says promoted, and the successor was never told so");
                Clear(Facts.AccountOpen | Facts.AccountFailed);
                break;
            case ListenerOrder.StartAccepting: Set(Facts.Accepts); break;
            case ListenerOrder.QuiesceAccepting:
                Require(Whole.Has(Facts.HasServed), ComposedRules.Accepting, "quiesced before the successor has begun to accept");
                Clear(Facts.Accepts);
                break;
            case ListenerOrder.ReleaseListeners release:
                Require(!release.HandedOver || (Whole.Has(Facts.PromoteSent) && !Whole.Has(Facts.EndOrdered)), ComposedRules.Accepting,
                    "the listening sockets are left to a successor that was never promoted, or is being ended");
                Clear(Facts.Accepts);
                Set(Facts.ReleaseOwed);
                break;
            case FrontOrder.TakeRole:
                Require(!Whole.IsPeerMain, ComposedRules.OnePrimary, "two apps are primary");
                Set(Facts.IsPrimary);
                break;
            case FrontOrder.YieldRole:
                Clear(Facts.IsPrimary);
                Set(Facts.RoleOwed);
                break;
            case LifecycleEffect.PublishIdentity: Clear(Facts.PidFileIsPeers); break;
            case LifecycleEffect.ArmSuccessorTimer: Set(Facts.SuccessorTimer); break;
            case LifecycleEffect.DisarmSuccessorTimer: Clear(Facts.SuccessorTimer); break;
            case LifecycleEffect.ArmProbationTimer: Set(Facts.ProbationTimer); break;
            case LifecycleEffect.DisarmProbationTimer: Clear(Facts.ProbationTimer); break;
            case LifecycleEffect.ArmLameDuckTimer: Set(Facts.LameDuckTimer); break;
            case LifecycleEffect.ArmMoveTimer: Set(Facts.MoveTimer); break;
            case LifecycleEffect.ArmDrainTimer: Set(Facts.DrainTimer); break;
            case LifecycleEffect.ArmAbortTimer: Set(Facts.AbortTimer); break;
            case LifecycleEffect.ExitProcess: ComposedRules.CheckExit(Whole, machines); break;
        }
    }

    private void Perform(SuccessorEffect effect)
    {
        switch (effect)
        {
            case SuccessorEffect.OfferSockets: Set(Facts.SocketsOwed); break;
            case SuccessorEffect.Launch: Launch(); break;
            case SuccessorEffect.SendWelcome { Facts.Version: > 0 }: Tell(Frames.Welcome); break;
            case SuccessorEffect.Send { Frame: ServeFrame serve }: Tell(serve.Canary ? Frames.ServeCanary : Frames.Serve); break;
            case SuccessorEffect.SendPromotion:
                Set(Facts.PromoteSent);
                Tell(Frames.Promote);
                break;
            case SuccessorEffect.SendLeft: Tell(Frames.Left); break;
            case SuccessorEffect.SendStop when Whole.Has(Facts.HasClosed): Feed(new SuccessorEvent.StopUnheard()); break;
            case SuccessorEffect.SendStop: Tell(Frames.Stop); break;
            case SuccessorEffect.Signal { Number: SignalNumbers.SIGKILL } when Whole.IsPeerAlive: Die(); break;
            case SuccessorEffect.AskJudge: Set(Facts.JudgeOwed); break;
            case SuccessorEffect.Arm arm: Set(FactOf(arm.Timer)); break;
            case SuccessorEffect.Cancel cancel: Clear(FactOf(cancel.Timer)); break;
            case SuccessorEffect.Forget:
                Require(Whole.Peer == PeerStage.Dead, ComposedRules.Gone, "a successor is gone, and lives");
                Move(PeerStage.Absent);
                Clear(Facts.OfReloader | Facts.OfPeer | Facts.ExitOwed);
                Whole = Whole with { ToPeer = default, FromPeer = default };
                break;
            case SuccessorEffect.TellReady ready: Send(new LifecycleEvent.SuccessorReady(ready.Ready.Canary)); break;
            case SuccessorEffect.TellFailed failed: Send(failed.Failure with { Reason = "" }); break;
            case SuccessorEffect.Tell { Event: LifecycleEvent.SuccessorFailed failed }: Send(failed with { Reason = "" }); break;
            case SuccessorEffect.Tell tell: Send(tell.Event); break;
        }
    }

    private void Launch()
    {
        if (_launches)
        {
            Require(Whole.Peer == PeerStage.Absent, ComposedRules.OneSuccessor, "a second successor is launched");
            Move(PeerStage.Booting);
            Feed(new SuccessorEvent.Launched());
        }
        else
        {
            Feed(new SuccessorEvent.LaunchFailed("test"));
        }
    }

    private void Tell(HandoverFrame frame)
    {
        if (Whole.IsPeerAlive && !Whole.Has(Facts.HasClosed))
        {
            Whole = Whole with { ToPeer = Post(Whole.ToPeer, machines.Packets.Of(frame)) };
        }
    }

    private void Send(ReloaderOrder order) => Whole = Whole with { Orders = Post(Whole.Orders, machines.Orders.Of(order)) };

    private void Send(LifecycleEvent @event) => Whole = Whole with { Events = Post(Whole.Events, machines.Events.Of(@event)) };

    private static Mail Post(Mail mail, int item)
    {
        Require(mail.Count < Mail.Most, ComposedRules.Bounded, "messages pile up");
        return mail.With(item);
    }

    private static Facts FactOf(SuccessorTimer timer) => timer switch
    {
        SuccessorTimer.HealthOverdue => Facts.HealthTimer,
        SuccessorTimer.Escalate => Facts.EscalateTimer,
        SuccessorTimer.ClosedWithoutExit => Facts.ClosedTimer,
        SuccessorTimer.ExitWithoutClose => Facts.ExitTimer,
        SuccessorTimer.ProbationMax => Facts.ProbationMaxTimer,
        _ => Facts.None, // no health URL in this model
    };
}
