using Ips.Actors.Lifecycle;

namespace Ips.Actors.Tests.Lifecycle;

/// <summary>Timers of LifecycleActor that run.</summary>
[Flags]
internal enum ArmedTimers
{
    None = 0,
    Successor = 1,
    Probation = 2,
    LameDuck = 4,
    Drain = 8,
    Abort = 16,
    Move = 32,
}

/// <summary>How far a successor has come.</summary>
internal enum SuccessorStage
{
    None,
    Spawned,
    Ready,
    ToldToServe,
    Serves,
    ToldOfPromotion,
    Promoted,
}

/// <summary>How a successor is being ended.</summary>
internal enum SuccessorEnding
{
    No,
    Finishing,
    Now,
    Killed,
}

/// <summary>The app's role.</summary>
internal enum AppRole
{
    None,
    Primary,
    Yielding,
    Yielded,
}

/// <summary>Whom the PID file names, as far as this generation has a hand in it.</summary>
internal enum MainProcess
{
    NotUs,
    Us,

    /// <summary>The successor was told of its promotion, so it may have published itself.</summary>
    Contested,

    /// <summary>Published again, but the word of its promotion may still be on its way to the successor.</summary>
    Disputed,
    HandedOver,
    Retracted,
}

/// <summary>The predecessor as this generation sees it.</summary>
internal enum PredecessorView
{
    None,
    Alive,
    SaidStop,
    Lost,
}

/// <summary>The account of the reload under way.</summary>
internal enum ReloadAccountView
{
    Closed,
    Open,
    Failed,
    Checked,

    /// <summary>Failed by a stop: nobody serves on.</summary>
    Stopped,
}

/// <summary>
/// What is true around a lifecycle state because of the effects ordered and the events seen so far: the abstract other half that
/// the invariants of a generation's life are about. <c>Owed</c> marks an answer that some actor must still give. A new fact that matters
/// while draining or exiting must be listed in <c>OfState</c>, or it is dropped there.
/// </summary>
internal sealed record World
{
    public bool Accepting { get; init; }

    /// <summary>Accepting was ordered, even if the order was lost to a crash.</summary>
    public bool AcceptingOrdered { get; init; }

    public bool ListenersHeld { get; init; } = true;

    public bool ReleaseOwed { get; init; }

    /// <summary>The listeners have reported that they are closed: no connection arrives from then on, not even while a repeated release
    /// is answered.</summary>
    public bool Released { get; init; }

    public SuccessorStage Successor { get; init; }

    /// <summary>The successor is only checked: it must never accept.</summary>
    public bool DryRun { get; init; }

    /// <summary>The successor is a canary: it accepts nothing before its promotion.</summary>
    public bool Canary { get; init; }

    /// <summary>ReloaderActor is to say whether the probation is passed.</summary>
    public bool ConclusionOwed { get; init; }

    /// <summary>This generation was told to serve as a canary.</summary>
    public bool ServesAsCanary { get; init; }

    /// <summary>The successor came from outside.</summary>
    public bool Takeover { get; init; }

    /// <summary>A successor was promoted, whatever became of it.</summary>
    public bool SuccessorPromoted { get; init; }

    public SuccessorEnding Ending { get; init; }

    public bool FailureTold { get; init; }

    /// <summary>It has said that it leaves.</summary>
    public bool SuccessorLeft { get; init; }

    /// <summary>Copies of the listening sockets are kept.</summary>
    public bool SocketsKept { get; init; }

    /// <summary>The generation that has the service is dead, and nobody was started in its place.</summary>
    public bool MainDied { get; init; }

    public ReloadAccountView Account { get; init; }

    /// <summary>A reload that was asked for is remembered.</summary>
    public bool Queued { get; init; }

    /// <summary>It was taken out to be carried out here: it is asked for anew.</summary>
    public bool QueueTried { get; init; }

    public ArmedTimers Timers { get; init; }

    public bool FrontReady { get; init; }

    public bool Announced { get; init; }

    public bool ReadinessFailed { get; init; }

    public AppRole Role { get; init; }

    public MainProcess Pid { get; init; }

    public bool DrainOwed { get; init; }

    public bool AbortOwed { get; init; }

    public bool Aborted { get; init; }

    /// <summary>The front knows this way out for what can move, and nobody was told to send it there yet.</summary>
    public MoveWay MoveOwed { get; init; }

    /// <summary>The first wave of moves is under way.</summary>
    public bool SettleOwed { get; init; }

    public bool Drained { get; init; }

    public bool FarewellSent { get; init; }

    public bool HostStopOrdered { get; init; }

    /// <summary>The front is to say when the clients that were told to leave have left.</summary>
    public bool GuestsOwed { get; init; }

    /// <summary>It has said so.</summary>
    public bool GuestsLeft { get; init; }

    public ExitCode? Exit { get; init; }

    public PredecessorView Predecessor { get; init; }

    /// <summary>The predecessor has taken the role back and asks for the connections.</summary>
    public bool ReturnAsked { get; init; }

    public bool ReadySent { get; init; }

    public bool ServeGot { get; init; }

    public bool PromoteGot { get; init; }

    public bool Reporting { get; init; }

    public bool FailedSent { get; init; }

    public bool Acknowledged { get; init; }

    /// <summary>Reasons to stop that were given, counted to 2.</summary>
    public int Stops { get; init; }

    /// <summary>The app has stopped its host, and no stop was asked for since: the signal that made it do so may still come.</summary>
    public bool StoppedItself { get; init; }

    public bool StartFailed { get; init; }

    public bool ActorLost { get; init; }

    public bool RequestsCut { get; init; }

    /// <summary>Without the facts that nothing asks about in this state or any later one, so that equal futures are walked once.</summary>
    public World Relevant(LifecycleState state) => OfState(state) with { QueueTried = false };

    private World OfState(LifecycleState state) => state switch
    {
        LifecycleState.Starting or LifecycleState.Joining or LifecycleState.Ready or LifecycleState.Proving => this,
        LifecycleState.Draining or LifecycleState.Exiting => new World
        {
            ListenersHeld = ListenersHeld,
            ReleaseOwed = ReleaseOwed,
            Released = Released,
            Successor = HasUnpromotedSuccessor && Successor > SuccessorStage.ToldToServe ? SuccessorStage.ToldToServe : Successor,
            SuccessorPromoted = SuccessorPromoted,
            Ending = Ending,
            SuccessorLeft = SuccessorLeft && state is LifecycleState.Draining,
            SocketsKept = SocketsKept && state is LifecycleState.Draining,
            MainDied = MainDied,
            Account = Account,
            Queued = Queued,
            Timers = state is LifecycleState.Draining ? Timers : ArmedTimers.None,
            Pid = Pid,
            DrainOwed = DrainOwed,
            AbortOwed = AbortOwed,
            Aborted = Aborted,
            SettleOwed = SettleOwed,
            Role = AppRole.None,
            Drained = Drained,
            FarewellSent = FarewellSent,
            HostStopOrdered = HostStopOrdered,
            GuestsOwed = GuestsOwed && state is LifecycleState.Draining,
            GuestsLeft = GuestsLeft && state is LifecycleState.Draining,
            Exit = Exit,
            Predecessor = Predecessor == PredecessorView.Lost ? PredecessorView.None : Predecessor,
            PromoteGot = PromoteGot && Predecessor != PredecessorView.Lost,
            Acknowledged = Acknowledged && Predecessor != PredecessorView.Lost,
            FailedSent = FailedSent,
            ServeGot = ServeGot && state is LifecycleState.Draining,
            ReturnAsked = ReturnAsked && state is LifecycleState.Draining,
            Stops = Math.Min(Stops, 1), // the next one is the second or a later one
            StoppedItself = StoppedItself && state is LifecycleState.Draining,
            StartFailed = StartFailed,
            ActorLost = ActorLost,
            RequestsCut = RequestsCut,
        },
        _ when Predecessor == PredecessorView.Lost => this with
        {
            Predecessor = PredecessorView.None,
            ReadySent = false,
            ServeGot = false,
            ServesAsCanary = false,
            PromoteGot = false,
            Acknowledged = false,
        },
        _ => this,
    };

    public bool HasTimer(ArmedTimers timer) => (Timers & timer) != 0;

    /// <summary>Another generation listens on the same sockets, so that their Unix paths are not ours to remove.</summary>
    public bool OthersListen => SuccessorPromoted
        || Predecessor == PredecessorView.SaidStop
        || (Predecessor == PredecessorView.Alive && !Acknowledged);

    /// <summary>A successor that is there and was not promoted.</summary>
    public bool HasUnpromotedSuccessor => Successor is not (SuccessorStage.None or SuccessorStage.Promoted);

    /// <summary>This generation is a successor that has not been promoted, and its predecessor lives.</summary>
    public bool OnTrial => Predecessor is PredecessorView.Alive or PredecessorView.SaidStop && !PromoteGot;
}
