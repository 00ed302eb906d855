using Ips.Actors.Control;
using Ips.Actors.Lifecycle;

namespace Ips.Actors.Reloader;

/// <summary>What <see cref="ReloaderActor"/> is asked; it answers LifecycleActor with lifecycle events.</summary>
internal static class ReloaderProtocol
{
    /// <summary>Start a successor of this generation number; nothing if one is alive. <paramref name="Again"/>: the order may have been
    /// lost; nothing either if this successor has lived already. <paramref name="DryRun"/>: no other generation is aborted for it.
    /// <paramref name="Invited"/>: the process that is to be the successor; nothing is started. <paramref name="Terms"/>: what the operator
    /// allows.</summary>
    public sealed record Spawn(int Generation, bool Again = false, bool DryRun = false, IInvitedGeneration? Invited = null,
        ReloadTerms? Terms = null);

    /// <summary>Tell the successor to accept, and watch its health reports.</summary>
    public sealed record SendServe;

    /// <summary>Tell the successor that it is the main process.</summary>
    /// <param name="History">What it is to remember of past reloads.</param>
    public sealed record SendPromote(IReadOnlyList<ReloadReceipt>? History = null);

    /// <summary>Tell the successor of reloads: what it knows of the same ones is replaced.</summary>
    public sealed record SendHistory(IReadOnlyList<ReloadReceipt> Receipts);

    /// <summary>End the successor: ask, SIGTERM, SIGKILL. <paramref name="FinishRequests"/>: it gets the drain timeout after the asking.
    /// <paramref name="Return"/>: it gives its connections back.</summary>
    public sealed record EndSuccessor(bool FinishRequests, string Reason, bool Return = false);

    /// <summary>Move the live connections to the promoted successor.</summary>
    public sealed record MoveConnections;

    /// <summary>SIGKILL to a successor that was told to end: this process does not wait for it any more.</summary>
    public sealed record KillSuccessor;

    /// <summary>This actor has failed again and again: whatever the successor is to blame for, the service goes on without it.</summary>
    public sealed record GiveUpSuccessor(string Reason);

    /// <summary>Say goodbye to the promoted successor.</summary>
    public sealed record SendFarewell(int Aborted, DrainCounts? Counts = null);

    /// <summary>Pass SIGUSR1 on to the generations that still drain: they append to the same log file.</summary>
    public sealed record ReopenOlderLogs;

    /// <summary>Older generations were aborted to make room; for the account of the reload.</summary>
    public sealed record GenerationsAborted(IReadOnlyList<int> Generations);

    /// <summary>The last lines that the successor wrote so far; for the account of the reload.</summary>
    public sealed record SuccessorOutput(IReadOnlyList<string> Lines);

    /// <summary>This release is about to be launched; for the account of the reload.</summary>
    public sealed record Launching(ReleaseStamp Release);

    /// <summary>The successor has reached a phase; for the account of the reload.</summary>
    /// <param name="Phase"><c>spawned</c> (or <c>invited</c>: it came from outside), <c>hello</c>, <c>ready</c> or <c>serving</c>.</param>
    /// <param name="Pid">The successor's process id.</param>
    /// <param name="Release">Its release, once known.</param>
    public sealed record SuccessorProgress(string Phase, int Pid, string? Release);
}
