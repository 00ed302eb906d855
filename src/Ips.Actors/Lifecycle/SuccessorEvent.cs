using Ips.Actors.Handover;

namespace Ips.Actors.Lifecycle;

/// <summary>What can happen to a successor, or on the way to it.</summary>
internal abstract record SuccessorEvent
{
    private SuccessorEvent()
    {
    }

    /// <summary>LifecycleActor orders something.</summary>
    public sealed record Ordered(ReloaderOrder Order) : SuccessorEvent
    {
        /// <summary>The generations before this one that are alive; read by <see cref="ReloaderOrder.SpawnSuccessor"/>.</summary>
        public IReadOnlyList<GenerationEntry> Older { get; init; } = [];
    }

    // Before its launch.

    /// <summary>The wait for room is over. <paramref name="Older"/>: the generations that are still alive.</summary>
    public sealed record RoomAwaited(IReadOnlyList<GenerationEntry> Older) : SuccessorEvent;

    /// <summary>These generations were aborted.</summary>
    public sealed record OlderAborted(IReadOnlyList<int> Generations) : SuccessorEvent;

    /// <summary>The duplicates of the listening sockets are there.</summary>
    public sealed record SocketsOffered : SuccessorEvent;

    /// <summary>There is no room, or there are no sockets.</summary>
    public sealed record PreparationFailed(string Reason) : SuccessorEvent;

    /// <summary>Its process is there.</summary>
    public sealed record Launched : SuccessorEvent;

    /// <summary>No process could be started.</summary>
    public sealed record LaunchFailed(string Reason) : SuccessorEvent;

    // What it says and how it ends.

    /// <summary>It has said this.</summary>
    public sealed record Received(HandoverFrame Frame) : SuccessorEvent;

    /// <summary>The channel has ended. <paramref name="Error"/>: how, if not by a close.</summary>
    public sealed record ChannelClosed(string? Error) : SuccessorEvent;

    /// <summary>Its process has ended and was reaped.</summary>
    public sealed record Exited(ProcessEnd.Exited End) : SuccessorEvent;

    /// <summary>Something about it cannot go on: what it said could not be acted on, or it cannot be sent the sockets.</summary>
    public sealed record Faulted(string Reason) : SuccessorEvent;

    /// <summary><c>stop</c> did not reach it: the channel has ended.</summary>
    public sealed record StopUnheard : SuccessorEvent;

    // Answers and clocks.

    /// <summary>Failing checks of the successor, beside those that fail here at the same time. <paramref name="Report"/>: the health
    /// report that they came with; null if they came with ready.</summary>
    public sealed record Judged(
        IReadOnlyDictionary<string, string> Failing, IReadOnlyDictionary<string, string> FailingHere, HealthFrame? Report) : SuccessorEvent;

    /// <summary>It is worse than this generation at the same time.</summary>
    public sealed record Outdone(string Reason) : SuccessorEvent;

    /// <summary>The judge was asked whether it has seen enough. <paramref name="Wants"/>: what it still wants to see; null if it has, or if
    /// no longer probation would help.</summary>
    public sealed record JudgeAsked(string? Wants) : SuccessorEvent;

    /// <summary>The health URL has answered. <paramref name="Fault"/>: why that is not good; null if it is.</summary>
    public sealed record HealthUrlAnswered(string? Fault) : SuccessorEvent;

    /// <summary>The same while this generation answered it.</summary>
    public sealed record HealthUrlAnsweredHere(string? Fault) : SuccessorEvent;

    /// <summary>Nothing more is given to it.</summary>
    public sealed record CarryEnded : SuccessorEvent;

    /// <summary>A timer has fired.</summary>
    public sealed record TimerFired(SuccessorTimer Timer) : SuccessorEvent;
}

/// <summary>The clocks of a successor.</summary>
internal enum SuccessorTimer
{
    /// <summary>Its health reports do not come.</summary>
    HealthOverdue,

    /// <summary>The health URL is to be asked; periodic.</summary>
    HealthUrlDue,

    /// <summary>The canary's next share is due.</summary>
    CanaryStep,

    /// <summary>The lengthened probation is over.</summary>
    ProbationMax,

    /// <summary>A window of this generation ends; periodic.</summary>
    WindowDue,

    /// <summary>It does not end: to the next means.</summary>
    Escalate,

    /// <summary>Its channel has ended, and no exit explains that.</summary>
    ClosedWithoutExit,

    /// <summary>It has ended, and its channel stays open: a child has inherited it.</summary>
    ExitWithoutClose,
}
