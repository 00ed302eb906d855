using Akka.Actor;
using Ips.Actors.Handover;

namespace Ips.Actors.Lifecycle;

/// <summary>What <see cref="LifecycleActor"/> is asked and answers, besides every <see cref="LifecycleEvent"/>.</summary>
internal static class LifecycleProtocol
{
    /// <summary>The other actors; sent once, before anything else is acted on.</summary>
    public sealed record Assemble(LifecycleCast Cast);

    /// <summary>Reload. Replies to <paramref name="ReplyTo"/>: <see cref="Progress"/> any number of times, then one
    /// <see cref="ReloadFinished"/>.</summary>
    /// <param name="Source">Who asks, for the log.</param>
    /// <param name="CheckFirst">Check the configuration first; an invalid one changes nothing.</param>
    /// <param name="ReplyTo">Who waits for the receipt.</param>
    /// <param name="DryRun">Only see whether a successor would get ready; it never accepts a connection.</param>
    public sealed record Reload(string Source, bool CheckFirst = false, IActorRef? ReplyTo = null, bool DryRun = false)
    {
        /// <summary>What asks.</summary>
        public ReloadTrigger Trigger { get; init; } = ReloadTrigger.Control;

        /// <summary>Why the service asks for it itself; null if somebody else asks.</summary>
        public string? Cause => Trigger is ReloadTrigger.Self ? Source : null;

        /// <summary>It is never begun twice: its id is on the disk before anything is started. Null for a request that may be.</summary>
        public OnceOnly? Once { get; init; }

        /// <summary>What else was asked for.</summary>
        public ReloadRequest Request { get; init; } = new();

        /// <summary>What the operator allows it; null for nothing beyond the rules.</summary>
        public ReloadTerms? Terms =>
            Request is { Accept: null, IgnoreChecks: null } ? null : new(Request.Accept ?? [], Request.IgnoreChecks ?? []);
    }

    /// <summary>A reload that is begun once.</summary>
    /// <param name="Instead">What is answered, and nothing begun, if its id is not known; null to begin it.</param>
    public sealed record OnceOnly(NotBegun? Instead);

    /// <summary>Nothing was started, and nothing is accounted for.</summary>
    /// <param name="Kind"><c>serving</c> or <c>error</c>.</param>
    /// <param name="Message">Why, for a person.</param>
    public sealed record NotBegun(string Kind, string Message);

    /// <summary>A process asks to take over. Reply: <see cref="TakeOverReply"/>.</summary>
    /// <param name="Source">Who asks, for the log.</param>
    /// <param name="Successor">The process; the receiver's from here on, unless it is refused.</param>
    public sealed record TakeOver(string Source, ITakeoverProcess Successor);

    /// <summary>It is the successor, or why it is not; then it is the asker's again.</summary>
    public sealed record TakeOverReply(ITakeoverProcess Successor, string? Refusal);

    /// <summary>Fail readiness while accepting goes on, or end that. Reply: <see cref="PauseReply"/>.</summary>
    /// <param name="Source">Who asks, for the log.</param>
    /// <param name="Paused">Whether to begin or to end it.</param>
    public sealed record Pause(string Source, bool Paused);

    /// <summary>Readiness is as asked for, or why it is not.</summary>
    public sealed record PauseReply(string? Refusal);

    /// <summary>The predecessor's history, or news of a reload in it.</summary>
    public sealed record AdoptHistory(IReadOnlyList<ReloadReceipt> Receipts);

    /// <summary>The predecessor's drain has ended.</summary>
    public sealed record PredecessorDrained(DrainCounts Counts);

    /// <summary>What the drain of this generation waits for, for the successor to show.</summary>
    public sealed record DrainProgress(IReadOnlyList<WaitingConnections> Waiting);

    /// <summary>How the successor compared with this generation while it was on probation.</summary>
    public sealed record SuccessorJudged(Judging.Judgement Judgement);

    /// <summary>Where does the service stand, in detail? Reply: <see cref="WatchReply"/>.</summary>
    public sealed record GetWatch;

    /// <summary>State, reload under way, newest receipt.</summary>
    /// <param name="State">Where this generation stands.</param>
    /// <param name="Reload">The reload under way.</param>
    /// <param name="Pending">The one that waits.</param>
    /// <param name="LastReceipt">The newest receipt.</param>
    /// <param name="DrainLeftMs">Milliseconds to the end of the drain, if this generation drains.</param>
    public sealed record WatchReply(
        LifecycleState State, ReloadAccount? Reload, PendingReload? Pending, ReloadReceipt? LastReceipt, long DrainLeftMs);

    /// <summary>Make again what somebody has removed of the service's files, if this generation serves and no handover is under way.
    /// Without a reply.</summary>
    public sealed record RestorePaths;

    /// <summary>Where does the generation stand? Reply: <see cref="StatusReply"/>.</summary>
    public sealed record GetStatus;

    /// <summary>What reloads were there? Reply: <see cref="HistoryReply"/>.</summary>
    public sealed record GetHistory;

    /// <summary>One line of a reload's progress.</summary>
    /// <param name="Message">For a person.</param>
    /// <param name="Within">By this generation's limits the outcome is known within this time; null lets the client set the limit.</param>
    public sealed record Progress(string Message, TimeSpan? Within = null);

    /// <summary>The reload that was asked for is another process's to carry out, which is the main one by now: ask that one.</summary>
    public sealed record ReloadPassedOn(string Message, ReloadRequest Ask);

    /// <summary>The outcome of the reload that was asked for.</summary>
    public sealed record ReloadFinished(ReloadReceipt Receipt);

    /// <summary>State, successor and last reload.</summary>
    public sealed record StatusReply(string State, int? SuccessorPid, ReloadReceipt? LastReload)
    {
        /// <summary>What people call the state.</summary>
        public string? Shown { get; init; }

        /// <summary>What the state waits for; null if for nothing.</summary>
        public string? Phase { get; init; }

        /// <summary>Where the successor stands; null if there is none.</summary>
        public string? SuccessorState { get; init; }

        /// <summary>The reload that waits; null if none does.</summary>
        public PendingReload? Pending { get; init; }
    }

    /// <summary>Receipts, newest last.</summary>
    public sealed record HistoryReply(IReadOnlyList<ReloadReceipt> Receipts, PendingReload? Pending = null);
}

/// <summary>The actors that carry out what LifecycleActor decides. <paramref name="Takeover"/> is null if no takeover process may take
/// over.</summary>
internal sealed record LifecycleCast(
    IActorRef Listeners, IActorRef Reloader, IActorRef Front, IActorRef Predecessor, IActorRef Control, IActorRef? Takeover = null);
