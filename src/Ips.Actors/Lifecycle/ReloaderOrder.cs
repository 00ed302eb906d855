namespace Ips.Actors.Lifecycle;

/// <summary>What <c>ReloaderActor</c> carries out: everything that concerns the successor. It answers with lifecycle
/// events.</summary>
/// <remarks>What the decision does not know, <see cref="LifecycleActor"/> fills in before it sends the order: the init
/// properties.</remarks>
internal abstract record ReloaderOrder : LifecycleEffect
{
    /// <summary>Start a successor; nothing if one is alive. <paramref name="DryRun"/>: no other generation is aborted for it.
    /// <paramref name="Takeover"/>: nothing is started, <see cref="TakeoverCandidate"/> is the successor. <paramref name="Again"/>: the
    /// order may have been lost; nothing either if this successor has lived already.</summary>
    public sealed record SpawnSuccessor(bool DryRun = false, bool Takeover = false, bool Again = false) : ReloaderOrder
    {
        /// <summary>The successor's generation number.</summary>
        public int Generation { get; init; }

        /// <summary>the takeover process that is to be the successor; null in a reload.</summary>
        public ITakeoverProcess? TakeoverCandidate { get; init; }

        /// <summary>The span of this reload; null if nobody traces.</summary>
        public string? TraceParent { get; init; }

        /// <summary>The folder of the release to start; null for the release in place.</summary>
        public string? Folder { get; init; }

        /// <summary>What this app keeps of its clients in this process; null for nothing.</summary>
        public string? KeptState { get; init; }

        /// <summary>What the operator allows it; null for nothing beyond the rules.</summary>
        public ReloadTerms? Terms { get; init; }
    }

    /// <summary>Tell the successor to accept, and watch its health reports.</summary>
    public sealed record SendServe : ReloaderOrder;

    /// <summary>The probation's time is over. Answered by <see cref="LifecycleEvent.ProbationPassed"/>, once the judge has seen enough or
    /// may see no more, or by <see cref="LifecycleEvent.SuccessorFailed"/>.</summary>
    public sealed record ConcludeProbation : ReloaderOrder;

    /// <summary>Tell the successor that it is the main process.</summary>
    public sealed record SendPromote : ReloaderOrder
    {
        /// <summary>What it is to remember of past reloads.</summary>
        public IReadOnlyList<ReloadReceipt> History { get; init; } = [];
    }

    /// <summary>Tell the successor of reloads: what it knows of the same ones is replaced.</summary>
    public sealed record SendHistory(IReadOnlyList<ReloadReceipt> Receipts) : ReloaderOrder;

    /// <summary>End the successor: ask, SIGTERM, SIGKILL. Answered by <see cref="LifecycleEvent.SuccessorGone"/>.
    /// <paramref name="FinishRequests"/>: it gets the drain timeout after the asking, else the kill timeout.
    /// <paramref name="Return"/>: it gives its connections back.</summary>
    public sealed record EndSuccessor(bool FinishRequests, string Reason, bool Return = false) : ReloaderOrder;

    /// <summary>SIGKILL to a successor that has outlived every deadline: no orphan is left. Nobody waits for the answer.</summary>
    public sealed record KillSuccessor : ReloaderOrder;

    /// <summary>ReloaderActor has failed again and again: whatever the successor is to blame for, the service goes on without it.</summary>
    public sealed record GiveUpSuccessor(string Reason) : ReloaderOrder;

    /// <summary>Move the live connections to the promoted successor.</summary>
    public sealed record MoveConnections : ReloaderOrder;

    /// <summary>Say goodbye to the promoted successor after the drain.</summary>
    public sealed record SendFarewell : ReloaderOrder
    {
        /// <summary>How the drain ended.</summary>
        public DrainCounts Counts { get; init; } = new(0, 0, 0, 0, 0);
    }

    /// <summary>Pass SIGUSR1 on to the generations that still drain: they append to the same log file.</summary>
    public sealed record ReopenOlderLogs : ReloaderOrder;
}
