namespace Ips.Actors.Lifecycle;

/// <summary>Where a generation stands between its start and its end. A state carries only what decides the next transition.</summary>
internal abstract record LifecycleState
{
    private LifecycleState()
    {
    }

    /// <summary>Name for logs, <c>ips status</c> and metrics.</summary>
    public string Name => GetType().Name;

    /// <summary>One more reload was asked for and waits. It goes along while a start or a reload is under way (<see cref="CanQueue"/>);
    /// then it is carried out
    /// here, passed on to the new main process, or dropped.</summary>
    public bool Queued { get; init; }

    /// <summary>Whether a reload that is asked for now can wait for the end of what is under way.</summary>
    public bool CanQueue => this is Starting or Joining { Alone: true }
        or AwaitingReady or Overlapping or OnProbation or Yielding or Promoting or RollingBack or Moving;

    /// <summary>Whether this generation is the main process, which speaks for the service. At the end, in <see cref="Exiting"/>, it is
    /// what it was before.</summary>
    public bool IsMain => this is Serving or AwaitingReady or Overlapping or OnProbation or Yielding or Promoting or RollingBack or LameDuck
        or Draining { HandedOver: false };

    /// <summary>A first generation whose app is starting; its sockets are bound, nothing is accepted.</summary>
    public sealed record Starting : LifecycleState;

    /// <summary>A successor whose app is starting; the predecessor serves. <paramref name="Alone"/>: the predecessor was lost
    /// meanwhile.</summary>
    public sealed record Joining(bool Alone = false) : LifecycleState;

    /// <summary>A successor that said ready and waits for <c>serve</c>.</summary>
    public sealed record Ready : LifecycleState;

    /// <summary>A successor that serves on probation; the predecessor can still take the role back. <paramref name="Canary"/>: it serves
    /// the connections that the predecessor passes on, and accepts none.</summary>
    public sealed record Proving(bool Canary = false) : LifecycleState;

    /// <summary>The one generation that serves; no handover is under way.</summary>
    public sealed record Serving : LifecycleState;

    /// <summary>Serving, with a successor that was spawned and has not said ready. <paramref name="DryRun"/>: it is ended when it has.
    /// <paramref name="Takeover"/>: it is a takeover.</summary>
    public sealed record AwaitingReady(bool DryRun = false, bool Takeover = false) : LifecycleState;

    /// <summary>The successor is ready and was told to serve; both accept until its first report. <paramref name="Canary"/>, here and up to
    /// the promotion: the successor is a canary, so this generation alone accepts, and passes some connections on.</summary>
    public sealed record Overlapping(bool Canary = false) : LifecycleState;

    /// <summary>Warm while the successor serves on probation, and quiesced unless it is a canary.</summary>
    public sealed record OnProbation(bool Canary = false) : LifecycleState;

    /// <summary>Probation passed; the app is giving up its role as primary before the successor gets it.</summary>
    public sealed record Yielding(bool Canary = false) : LifecycleState;

    /// <summary><c>promote</c> was sent; listeners are kept until the successor acknowledges it.</summary>
    public sealed record Promoting(bool Canary = false) : LifecycleState;

    /// <summary>The successor is the main process; live connections move there, those that are idle first.</summary>
    public sealed record Moving : LifecycleState;

    /// <summary>Accepting again; the failed successor is being ended. <paramref name="RoleGiven"/>: it was notified of its promotion,
    /// so its app may be primary until it is gone.</summary>
    public sealed record RollingBack(bool RoleGiven = false) : LifecycleState;

    /// <summary>A stop was asked for: readiness fails, accepting goes on until load balancers have looked away.</summary>
    public sealed record LameDuck : LifecycleState;

    /// <summary>Not accepting; open work finishes until the deadline.</summary>
    /// <param name="Code">The exit code unless a request is cut.</param>
    /// <param name="StopSeen">A stop was asked for: a further one aborts. False while a predecessor drains after its handover,
    /// and after the app has stopped its host.</param>
    /// <param name="SuccessorAlive">A successor was told to stop as well, and is not gone yet.</param>
    /// <param name="Drained">Every connection has ended; only the successor is waited for.</param>
    /// <param name="HandedOver">Another generation listens on the same sockets.</param>
    /// <param name="Way">Where live connections go.</param>
    /// <param name="Aborted">What was left has been aborted, at the deadline or by a second stop.</param>
    public sealed record Draining(
        ExitCode Code, bool StopSeen, bool SuccessorAlive = false, bool Drained = false, bool HandedOver = false,
            MoveWay Way = MoveWay.None,
        bool Aborted = false) : LifecycleState;

    /// <summary>The exit code is decided; the host is stopping.</summary>
    public sealed record Exiting(ExitCode Code) : LifecycleState;
}
