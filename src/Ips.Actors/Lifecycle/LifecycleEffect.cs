namespace Ips.Actors.Lifecycle;

/// <summary>What a transition asks for, in order. Those that are nested here are carried out within <see cref="LifecycleActor"/>; the
/// others are the messages to the actors that carry them out: <see cref="ListenerOrder"/>, <see cref="ReloaderOrder"/>,
/// <see cref="FrontOrder"/>, <see cref="PredecessorOrder"/>.</summary>
internal abstract record LifecycleEffect
{
    private protected LifecycleEffect()
    {
    }

    // Reloads: ReloadTracker and ReloadQueue.

    /// <summary>Open the account of a reload, of a check (<paramref name="DryRun"/>), or of a takeover
    /// (<paramref name="Takeover"/>).</summary>
    public sealed record BeginReload(string Source, bool DryRun = false, bool Takeover = false) : LifecycleEffect;

    /// <summary>Note how and why the reload under way fails.</summary>
    public sealed record NoteFailure(ReloadOutcome Outcome, string Reason) : LifecycleEffect;

    /// <summary>Note that the successor of a check got ready.</summary>
    public sealed record NoteChecked : LifecycleEffect;

    /// <summary>Close the account of the reload under way and give its receipt to all who wait: promoted unless a failure was
    /// noted.</summary>
    public sealed record FinishReload : LifecycleEffect;

    /// <summary>Answer a reload request with a refusal; the reload under way, if any, goes on.</summary>
    public sealed record RefuseReload(string Source, string Reason) : LifecycleEffect;

    /// <summary>Remember a reload request instead of the one remembered so far, and say that it waits.</summary>
    public sealed record QueueReload(string Source) : LifecycleEffect;

    /// <summary>Carry out here the request that was remembered, unless the release in place is the one that has just failed. It is asked
    /// for anew: <see cref="LifecycleEvent.ReloadRequested"/>.</summary>
    public sealed record TryQueuedReload : LifecycleEffect;

    /// <summary>Pass the request that was remembered on to the new main process, and tell those who wait to ask that one.</summary>
    public sealed record ForwardQueuedReload : LifecycleEffect;

    /// <summary>Answer those who wait for the request that was remembered, and will not be carried out.</summary>
    public sealed record DropQueuedReload(string Reason) : LifecycleEffect;

    /// <summary>Say in the log why an event changed nothing.</summary>
    public sealed record Explain(string What) : LifecycleEffect;

    /// <summary>A clock to start or stop: <see cref="LifecycleTimers"/>.</summary>
    public abstract record TimerEffect : LifecycleEffect;

    /// <summary>Start the clock of the current handover step: it may take the ready timeout, and before the successor is spawned the room
    /// timeout in addition (<paramref name="WithRoom"/>).</summary>
    public sealed record ArmSuccessorTimer(bool WithRoom = false) : TimerEffect;

    /// <summary>The successor's word has come, or no longer matters.</summary>
    public sealed record DisarmSuccessorTimer : TimerEffect;

    /// <summary>Start the probation's clock.</summary>
    public sealed record ArmProbationTimer : TimerEffect;

    /// <summary>Stop the probation's clock.</summary>
    public sealed record DisarmProbationTimer : TimerEffect;

    /// <summary>Start the lame-duck clock.</summary>
    public sealed record ArmLameDuckTimer : TimerEffect;

    /// <summary>Start the clock of the first wave of moves.</summary>
    public sealed record ArmMoveTimer : TimerEffect;

    /// <summary>Start the drain's clock.</summary>
    public sealed record ArmDrainTimer : TimerEffect;

    /// <summary>Start the clock of what was aborted.</summary>
    public sealed record ArmAbortTimer : TimerEffect;

    /// <summary>What concerns this process and its files: <see cref="ProcessPerformer"/>.</summary>
    public abstract record ProcessEffect : LifecycleEffect;

    /// <summary>Become the main process on the file system: PID file and control socket.</summary>
    public sealed record PublishIdentity : ProcessEffect;

    /// <summary>Leave the file system to a promoted successor: give up lock and control socket, remove nothing.</summary>
    public sealed record HandOverIdentity : ProcessEffect;

    /// <summary>Remove PID file and control socket, if they are still ours. Unless <paramref name="HandedOver"/>, the service ends here,
    /// and the lock of the PID file with it, even if another process holds a copy.</summary>
    public sealed record RetractIdentity(bool HandedOver = false) : ProcessEffect;

    /// <summary>Keep copies of the listening sockets, in case that the generation which has the service now dies while this one
    /// drains.</summary>
    public sealed record KeepSockets : ProcessEffect;

    /// <summary>Close these copies: that generation stops, or has left the service to another one.</summary>
    public sealed record DropSockets : ProcessEffect;

    /// <summary>That generation has died: start another on these copies. <paramref name="Own"/>: of this generation's release; else of
    /// the last good one.</summary>
    public sealed record RestartService(bool Own) : ProcessEffect;

    /// <summary>Open the log file again by its path.</summary>
    public sealed record ReopenLog : ProcessEffect;

    /// <summary>Let the .NET host stop; it waits for the drain before Kestrel stops.</summary>
    public sealed record StopHost : ProcessEffect;

    /// <summary>End the process with this code.</summary>
    public sealed record ExitProcess(ExitCode Code) : ProcessEffect;
}
