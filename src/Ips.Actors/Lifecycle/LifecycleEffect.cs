namespace Ips.Actors.Lifecycle;

/// <summary>What a transition asks for, in order. Those that are nested here <see cref="LifecycleActor"/> carries out itself; the others are
/// the messages to the actors that carry them out: <see cref="ReloaderOrder"/>.</summary>
internal abstract record LifecycleEffect
{
    private protected LifecycleEffect()
    {
    }

    // Listening sockets.

    /// <summary>Accept from the listening sockets; idempotent.</summary>
    public sealed record StartAccepting : LifecycleEffect;

    /// <summary>Stop accepting with the sockets kept open.</summary>
    public sealed record QuiesceAccepting : LifecycleEffect;

    /// <summary>Close this generation's copies of the listening sockets; answered by <see cref="LifecycleEvent.ListenersReleased"/>. <paramref name="HandedOver"/>: a successor holds them, so Unix paths stay.</summary>
    public sealed record ReleaseListeners(bool HandedOver) : LifecycleEffect;

    /// <summary>Keep copies of the listening sockets, in case that the generation which has the service now dies while this one drains.</summary>
    public sealed record KeepSockets : LifecycleEffect;

    /// <summary>Close these copies: that generation stops, or has left the service to another one.</summary>
    public sealed record DropSockets : LifecycleEffect;

    /// <summary>That generation has died: start another on these copies. <paramref name="Own"/>: of this generation's release; else of the last good one.</summary>
    public sealed record RestartService(bool Own) : LifecycleEffect;

    // The successor.

    /// <summary>Open the account of a reload, of a check (<paramref name="DryRun"/>), or of a takeover (<paramref name="Invited"/>).</summary>
    public sealed record BeginReload(string Source, bool DryRun = false, bool Invited = false) : LifecycleEffect;

    /// <summary>Expect the successor's next word within the ready timeout.</summary>
    public sealed record ArmSuccessorTimer : LifecycleEffect;

    /// <summary>The word has come, or does not matter any more.</summary>
    public sealed record DisarmSuccessorTimer : LifecycleEffect;

    /// <summary>Start the probation's clock.</summary>
    public sealed record ArmProbationTimer : LifecycleEffect;

    /// <summary>Stop the probation's clock.</summary>
    public sealed record DisarmProbationTimer : LifecycleEffect;

    /// <summary>Note how and why the reload under way fails.</summary>
    public sealed record NoteFailure(ReloadOutcome Outcome, string Reason) : LifecycleEffect;

    /// <summary>Note that the successor of a check got ready.</summary>
    public sealed record NoteChecked : LifecycleEffect;

    /// <summary>Close the account of the reload under way and give its receipt to all who wait: promoted unless a failure was noted.</summary>
    public sealed record FinishReload : LifecycleEffect;

    /// <summary>Answer a reload request with a refusal; the reload under way, if any, goes on.</summary>
    public sealed record RefuseReload(string Source, string Reason) : LifecycleEffect;

    /// <summary>Remember a reload request, in place of the one that is remembered, and say that it waits.</summary>
    public sealed record QueueReload(string Source) : LifecycleEffect;

    /// <summary>Carry out here the request that was remembered, unless the release in place is the one that has just failed. It is asked
    /// for anew:
    /// <see cref="LifecycleEvent.ReloadRequested"/>.</summary>
    public sealed record TryQueuedReload : LifecycleEffect;

    /// <summary>Pass the request that was remembered on to the new main process, and tell those who wait to ask that one.</summary>
    public sealed record ForwardQueuedReload : LifecycleEffect;

    /// <summary>Answer those who wait for the request that was remembered, and will not be carried out.</summary>
    public sealed record DropQueuedReload(string Reason) : LifecycleEffect;

    // The predecessor.

    /// <summary>Tell the predecessor that this generation can serve. <paramref name="Failing"/>: health checks that it is to
    /// judge.</summary>
    public sealed record SendReady(IReadOnlyDictionary<string, string>? Failing = null) : LifecycleEffect;

    /// <summary>Report health each interval.</summary>
    public sealed record BeginHealthReports : LifecycleEffect;

    /// <summary>Acknowledge the promotion; health reports end.</summary>
    public sealed record AcknowledgePromotion : LifecycleEffect;

    /// <summary>Tell the predecessor to take the role back.</summary>
    public sealed record SendFailed(string Reason) : LifecycleEffect;

    // This process.

    /// <summary>Become the main process on the file system: PID file and control socket.</summary>
    public sealed record PublishIdentity : LifecycleEffect;

    /// <summary>Leave the file system to a promoted successor: give up lock and control socket, remove nothing.</summary>
    public sealed record HandOverIdentity : LifecycleEffect;

    /// <summary>Remove PID file and control socket, if they are still ours. Unless <paramref name="HandedOver"/>, the service ends here, and the lock of the PID
    /// file with it, whoever else holds a copy.</summary>
    public sealed record RetractIdentity(bool HandedOver = false) : LifecycleEffect;

    /// <summary>Tell the app that it serves.</summary>
    public sealed record AnnounceServing : LifecycleEffect;

    /// <summary>Tell the app that it is primary.</summary>
    public sealed record TakeRole : LifecycleEffect;

    /// <summary>Tell the app that it is no longer primary; answered by <see cref="LifecycleEvent.RoleYielded"/>.</summary>
    public sealed record YieldRole : LifecycleEffect;

    /// <summary>Fail readiness from now on.</summary>
    public sealed record FailReadiness : LifecycleEffect;

    /// <summary>Start the lame-duck clock.</summary>
    public sealed record ArmLameDuckTimer : LifecycleEffect;

    /// <summary>Close politely, and report when no connection is left; with a <paramref name="Way"/> out, what can move leaves unclosed.</summary>
    public sealed record BeginDrain(MoveWay Way = MoveWay.None) : LifecycleEffect;

    /// <summary>Start the clock of the first wave of moves.</summary>
    public sealed record ArmMoveTimer : LifecycleEffect;

    /// <summary>Start the drain's clock.</summary>
    public sealed record ArmDrainTimer : LifecycleEffect;

    /// <summary>End what is left at once; answered by <see cref="LifecycleEvent.ConnectionsDrained"/>.</summary>
    public sealed record AbortConnections : LifecycleEffect;

    /// <summary>Start the clock of what was aborted.</summary>
    public sealed record ArmAbortTimer : LifecycleEffect;

    /// <summary>Let the .NET host stop; it waits for the drain before Kestrel stops.</summary>
    public sealed record StopHost : LifecycleEffect;

    /// <summary>Open the log file again by its path.</summary>
    public sealed record ReopenLog : LifecycleEffect;

    /// <summary>Say in the log why an event changed nothing.</summary>
    public sealed record Explain(string What) : LifecycleEffect;

    /// <summary>End the process with this code.</summary>
    public sealed record ExitProcess(ExitCode Code) : LifecycleEffect;
}

/// <summary>Where live connections go when a generation drains.</summary>
internal enum MoveWay
{
    /// <summary>Nowhere: they end here.</summary>
    None,

    /// <summary>To the promoted successor.</summary>
    Successor,

    /// <summary>Back to the predecessor, on a rollback.</summary>
    Predecessor,
}

/// <summary>How a reload ended.</summary>
internal enum ReloadOutcome
{
    /// <summary>The successor is the main process.</summary>
    Promoted,

    /// <summary>No successor came to serve.</summary>
    Refused,

    /// <summary>The successor served on probation and failed.</summary>
    RolledBack,

    /// <summary>A check: the successor got ready and was ended.</summary>
    Checked,

    /// <summary>This generation was told to stop meanwhile: nobody serves on.</summary>
    Stopped,
}
