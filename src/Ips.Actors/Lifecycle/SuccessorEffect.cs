using Ips.Actors.Handover;

namespace Ips.Actors.Lifecycle;

/// <summary>What a step asks for, in order. <c>ReloaderActor</c> performs it; what is nested in <see cref="ToSuccessor"/> is sent by
/// <c>SuccessorSender</c>, what is nested in <see cref="ToOthers"/> is told by <c>SuccessorReporter</c>.</summary>
internal abstract record SuccessorEffect
{
    private SuccessorEffect()
    {
    }

    /// <summary>What the successor is told.</summary>
    public abstract record ToSuccessor : SuccessorEffect;

    /// <summary>What LifecycleActor and the log learn.</summary>
    public abstract record ToOthers : SuccessorEffect;

    /// <summary>What becomes of connections: <c>SuccessorCarrier</c>.</summary>
    public abstract record OfConnections : SuccessorEffect;

    // Before the launch. Each is answered by an event.

    /// <summary>Wait until no more than <paramref name="Most"/> of the <paramref name="Alive"/> older generations are left.</summary>
    public sealed record AwaitRoom(ReloaderOrder.SpawnSuccessor Order, int Alive, int Most) : SuccessorEffect;

    /// <summary>Abort these.</summary>
    public sealed record AbortOlder(ReloaderOrder.SpawnSuccessor Order, IReadOnlyList<GenerationEntry> Generations) : SuccessorEffect;

    /// <summary>Have the listening sockets duplicated.</summary>
    public sealed record OfferSockets(ReloaderOrder.SpawnSuccessor Order) : SuccessorEffect;

    /// <summary>Start the process, or take the takeover one, and listen to it.</summary>
    public sealed record Launch(ReloaderOrder.SpawnSuccessor Order) : SuccessorEffect;

    /// <summary>Tell the takeover process that it is not the successor.</summary>
    public sealed record RefuseTakeover(ReloaderOrder.SpawnSuccessor Order, string Reason) : SuccessorEffect;

    // What the successor is told.

    /// <summary>Send the listening sockets: ahead of hello while no version is known, else as the answer to it.</summary>
    public sealed record SendWelcome(SuccessorFacts Facts) : ToSuccessor;

    /// <summary>Send a frame that takes no more than its words.</summary>
    public sealed record Send(HandoverFrame Frame) : ToSuccessor;

    /// <summary>Send receipts.</summary>
    public sealed record SendHistory(IReadOnlyList<ReloadReceipt> Receipts) : ToSuccessor;

    /// <summary>Send the identity of the service.</summary>
    public sealed record SendIdentity : ToSuccessor;

    /// <summary>Send the promotion, and let its output be its own.</summary>
    public sealed record SendPromotion : ToSuccessor;

    /// <summary>Send <c>left</c>, once everything that was given to it has been sent.</summary>
    public sealed record SendLeft : ToSuccessor;

    /// <summary>Ask it to end; <see cref="SuccessorEvent.StopUnheard"/> if nobody listens.</summary>
    public sealed record SendStop(StopFrame Frame) : ToSuccessor;

    /// <summary>Signal it, as it has not ended by itself.</summary>
    public sealed record Signal(int Number) : ToSuccessor;

    /// <summary>It serves: its output is not held to a budget.</summary>
    public sealed record UnlimitOutput : ToSuccessor;

    // Its health.

    /// <summary>Remember where it takes connections, and if <paramref name="OwnUrl"/>, which health URL judges it.</summary>
    public sealed record NoteReady(ReadyFrame Frame, bool OwnUrl) : SuccessorEffect;

    /// <summary>Ask the health URL while this generation answers it.</summary>
    public sealed record AskHealthUrlHere : SuccessorEffect;

    /// <summary>Ask the health URL.</summary>
    public sealed record AskHealthUrl : SuccessorEffect;

    /// <summary>Find out which checks fail here as well; answered by <see cref="SuccessorEvent.Judged"/>.</summary>
    public sealed record Judge(IReadOnlyDictionary<string, string> Failing, HealthFrame? Report) : SuccessorEffect;

    /// <summary>Compare the successor with this generation, by its window or, if null, by this generation's own that has ended; answered by
    /// <see cref="SuccessorEvent.Outdone"/> if it is worse.</summary>
    public sealed record WeighWindow(WindowFrame? Frame) : SuccessorEffect;

    /// <summary>Ask the judge whether it has seen enough; answered by <see cref="SuccessorEvent.JudgeAsked"/>.</summary>
    public sealed record AskJudge : SuccessorEffect;

    /// <summary>Arm a timer.</summary>
    public sealed record Arm(SuccessorTimer Timer, TimeSpan After) : SuccessorEffect;

    /// <summary>Cancel a timer.</summary>
    public sealed record Cancel(SuccessorTimer Timer) : SuccessorEffect;

    /// <summary>Cancel all timers, and let go of what is held for the successor.</summary>
    public sealed record Forget : SuccessorEffect;

    // Connections.

    /// <summary>Have connections given to it.</summary>
    public sealed record BeginCarry : OfConnections;

    /// <summary>Have this share of the connections passed on to it, in percent; kept until its promotion.</summary>
    public sealed record Pass(int Percent) : OfConnections;

    /// <summary>It is not to be promoted: nothing more is given to it, and what was not sent yet comes back. What was sent is its, or is
    /// recalled when it is dead.</summary>
    public sealed record HaltCarry : OfConnections;

    /// <summary>The canary is gone, and whatever was passed on is accounted for: the next one begins anew.</summary>
    public sealed record EndCanary : OfConnections;

    /// <summary>Nobody takes connections.</summary>
    public sealed record RefuseCarry : OfConnections;

    /// <summary>Have no more given to it. <paramref name="Finish"/>: busy ones may follow first.</summary>
    public sealed record EndCarry(bool Finish) : OfConnections;

    /// <summary>It may live and read from what it was sent: close that, and take back the rest.</summary>
    public sealed record BreakCarry : OfConnections;

    /// <summary>It is dead, and has read from none that it had not acknowledged: take them back.</summary>
    public sealed record RecallCarry : OfConnections;

    /// <summary>It has so many of those that it was sent.</summary>
    public sealed record Acknowledge(int Count) : OfConnections;

    /// <summary>It has no room for those of this packet: take them back.</summary>
    public sealed record TakeBackDeclined(int Packet) : OfConnections;

    /// <summary>Take those that it gives back.</summary>
    public sealed record TakeReturned(ICarries Frame) : OfConnections;

    // What others learn.

    /// <summary>Tell LifecycleActor.</summary>
    public sealed record Tell(LifecycleEvent Event) : ToOthers;

    /// <summary>Its process is there: log it, and tell LifecycleActor.</summary>
    public sealed record TellSpawned(bool Takeover) : ToOthers;

    /// <summary>It is welcome: log it, and tell LifecycleActor.</summary>
    public sealed record TellGreeted(SuccessorFacts Facts, HelloFrame Hello) : ToOthers;

    /// <summary>It is ready: log it, and tell LifecycleActor.</summary>
    public sealed record TellReady(LifecycleEvent.SuccessorReady Ready) : ToOthers;

    /// <summary>Its probation is lengthened: log it, once, and tell LifecycleActor.</summary>
    public sealed record TellLengthened(LifecycleEvent.ProbationLengthened Lengthened) : ToOthers;

    /// <summary>It failed: log it, hold its output to a budget, and tell LifecycleActor its last lines and the reason.</summary>
    public sealed record TellFailed(LifecycleEvent.SuccessorFailed Failure) : ToOthers;

    /// <summary>Its process has ended: log how, and tell LifecycleActor its last lines.</summary>
    public sealed record TellEnded(string How) : ToOthers;

    /// <summary>Log that its hello was refused.</summary>
    public sealed record LogRefused(HelloFrame Hello, string Reason) : ToOthers;

    /// <summary>Log, once, that failing checks do not count.</summary>
    public sealed record LogExcused(IReadOnlyDictionary<string, string> Failing) : ToOthers;

    /// <summary>Log, once, that it said what the protocol does not have in this state.</summary>
    public sealed record LogFault(string Frame, string State) : ToOthers;
}
