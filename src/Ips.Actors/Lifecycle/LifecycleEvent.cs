namespace Ips.Actors.Lifecycle;

/// <summary>What can happen to a generation. Texts are for the log and the receipt; no decision reads them.</summary>
internal abstract record LifecycleEvent
{
    private LifecycleEvent()
    {
    }

    // What an operator or the host asks for.

    /// <summary>USR2, HUP with a valid configuration, or <c>ips reload</c>. <paramref name="NoQueue"/>: refuse it rather than let it wait
    /// for what is under
    /// way.</summary>
    public sealed record ReloadRequested(string Source, bool NoQueue = false) : LifecycleEvent;

    /// <summary><c>ips reload --check</c>: would a reload work?</summary>
    public sealed record CheckRequested(string Source) : LifecycleEvent;

    /// <summary>A process asks to take over as the successor; it has been admitted.</summary>
    public sealed record TakeoverRequested(string Source) : LifecycleEvent;

    /// <summary>TERM, INT, QUIT, <c>ips stop</c>, or an app that stops its host.</summary>
    public sealed record StopRequested(string Source) : LifecycleEvent;

    /// <summary>The host began to stop without being asked by us: the app called <c>StopApplication</c> or a hosted service
    /// failed.</summary>
    public sealed record HostStopping : LifecycleEvent;

    /// <summary>USR1.</summary>
    public sealed record LogReopenRequested : LifecycleEvent;

    /// <summary>An actor was lost beyond recovery.</summary>
    public sealed record ActorLost(string Actor) : LifecycleEvent;

    /// <summary>An actor restarted; the message that it was working on is lost.</summary>
    public sealed record ActorRestarted(string Actor) : LifecycleEvent;

    // What this generation's own parts report.

    /// <summary>The app has started, is warm, and its health checks pass, but for those that the predecessor is to judge.</summary>
    public sealed record FrontReady(IReadOnlyDictionary<string, string>? Failing = null) : LifecycleEvent;

    /// <summary>The app of a successor has started but may not serve: a health check or a request of the warm-up has failed until the
    /// deadline. A first generation never says so.</summary>
    public sealed record FrontFailed(string Reason) : LifecycleEvent;

    /// <summary>The listening sockets are closed here; no connection arrives any more.</summary>
    public sealed record ListenersReleased : LifecycleEvent;

    /// <summary>The app's handlers for losing the primary role have ended, or their time is over.</summary>
    public sealed record RoleYielded : LifecycleEvent;

    /// <summary>No connection is left. <paramref name="Aborted"/>: requests that were cut to get there.</summary>
    public sealed record ConnectionsDrained(int Aborted) : LifecycleEvent
    {
        /// <summary>How the drain ended; for the farewell.</summary>
        public DrainCounts? Counts { get; init; }
    }

    /// <summary>Every connection that could leave at once has left; busy ones follow.</summary>
    public sealed record ConnectionsSettled : LifecycleEvent
    {
        /// <summary>What became of the connections; for the account of the reload.</summary>
        public ConnectionCounts? Counts { get; init; }
    }

    /// <summary>The clients that were told to leave have left, or had their time: the app may be told to stop.</summary>
    public sealed record GuestsLeft : LifecycleEvent;

    /// <summary>The time for the first wave of moves is over.</summary>
    public sealed record MoveTimedOut : LifecycleEvent;

    /// <summary>The lame-duck time is over.</summary>
    public sealed record LameDuckEnded : LifecycleEvent;

    /// <summary>The drain deadline has come.</summary>
    public sealed record DrainTimedOut : LifecycleEvent;

    /// <summary>What was aborted has still not ended.</summary>
    public sealed record AbortTimedOut : LifecycleEvent;

    // What a predecessor sees of its successor.

    /// <summary>What only the account of the reload keeps; it changes nothing.</summary>
    public abstract record ReloadNews : LifecycleEvent;

    /// <summary>This release is about to be launched.</summary>
    public sealed record LaunchBegan(ReleaseStamp Release) : ReloadNews;

    /// <summary>Older generations were aborted to make room for the successor.</summary>
    public sealed record GenerationsAborted(IReadOnlyList<int> Generations) : ReloadNews;

    /// <summary>The successor's process is there. <paramref name="Takeover"/>: it is a takeover.</summary>
    public sealed record SuccessorSpawned(int Pid, bool Takeover = false) : ReloadNews;

    /// <summary>The successor has said hello, and is welcome.</summary>
    public sealed record SuccessorGreeted(string Release) : ReloadNews;

    /// <summary>The last lines that the successor wrote so far.</summary>
    public sealed record SuccessorWrote(IReadOnlyList<string> Lines) : ReloadNews;

    /// <summary>The successor is ready, and both generations write to these files, each at its own offset.</summary>
    public sealed record FilesShared(IReadOnlyList<string> Paths) : ReloadNews;

    /// <summary>The probation's time is over, and the judge has seen too little: it is lengthened.
    /// <paramref name="Longest"/>: how long all of it may last (<c>ips.reload.probation-max</c>).</summary>
    public sealed record ProbationLengthened(string Reason, TimeSpan Longest) : ReloadNews;

    /// <summary>The successor can serve. <paramref name="Canary"/>: as a canary.</summary>
    public sealed record SuccessorReady(bool Canary = false) : LifecycleEvent
    {
        /// <summary>Why not; null or empty if that is switched off.</summary>
        public string? NoCanary { get; init; }

        /// <summary>The canary's shares in percent, step by step; null if it is none.</summary>
        public IReadOnlyList<int>? Percent { get; init; }
    }

    /// <summary>The successor has reported for the first time since it was told to serve: it accepts, unless it is a canary.</summary>
    public sealed record SuccessorServes : LifecycleEvent;

    /// <summary>The successor cannot or may not serve. <paramref name="Responsive"/>: it still finishes requests if asked.</summary>
    public sealed record SuccessorFailed(string Reason, bool Responsive) : LifecycleEvent;

    /// <summary>The ready timeout passed without <c>ready</c>, or the promotion without its acknowledgement.</summary>
    public sealed record SuccessorTimedOut : LifecycleEvent;

    /// <summary>The time of the probation is over.</summary>
    public sealed record ProbationTimeOver : LifecycleEvent;

    /// <summary>The probation is over and no failure was seen.</summary>
    public sealed record ProbationPassed : LifecycleEvent;

    /// <summary>The successor has published itself as the main process.</summary>
    public sealed record PromotionAcknowledged : LifecycleEvent;

    /// <summary>The promoted successor hands over itself, or stops: it has said so.</summary>
    public sealed record SuccessorLeaving : LifecycleEvent;

    /// <summary>The successor's process has ended and was reaped.</summary>
    /// <param name="Crashed">It was promoted, and has not said that it leaves.</param>
    public sealed record SuccessorGone(bool Crashed = false) : LifecycleEvent;

    // What a successor sees of its predecessor.

    /// <summary>The predecessor tells this generation to serve. It accepts as well until the first health report; or it alone does
    /// (<paramref name="Canary"/>), until the promotion.</summary>
    public sealed record ServeReceived(bool Canary = false) : LifecycleEvent;

    /// <summary>The probation was passed: this is the main process now.</summary>
    public sealed record PromoteReceived : LifecycleEvent;

    /// <summary>The predecessor stops, or takes the role back (<paramref name="Return"/>): end as well.</summary>
    public sealed record StopReceived(string Reason, bool Return) : LifecycleEvent;

    /// <summary>The channel ended without <c>farewell</c>, or a <c>stop</c> by which both end: the predecessor died.</summary>
    public sealed record PredecessorLost : LifecycleEvent;
}
