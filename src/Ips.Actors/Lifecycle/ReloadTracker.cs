using Akka.Actor;
using Ips.Actors.Configuration;
using Ips.Actors.Handover;
using Microsoft.Extensions.Logging;

namespace Ips.Actors.Lifecycle;

/// <summary>Follows the reload under way: opens its account, tells those who wait how far it is, and closes it with a receipt in the
/// history.</summary>
internal sealed class ReloadTracker(LifecycleMemory memory, ICurrentProcess process, IpsOptions options, TimeProvider time, ILogger log)
{
    private const string Lost = "the main process ended before the outcome of this reload was known";

    private int Successor => process.Generation + 1;

    /// <summary>What is under way, for those who wait for its end.</summary>
    public string UnderWay => memory.Reload switch
    {
        { DryRun: true } check => $"the check by {check.Source}",
        { Takeover: not null } takeover => $"the takeover by {takeover.Source}",
        { } reload => $"the reload to generation {Successor} by {reload.Source}",
        null when memory.State is LifecycleState.Starting or LifecycleState.Joining => "the end of the start",
        null => "the new main process",
    };

    /// <summary>Opens the account.</summary>
    /// <param name="begin">The effect.</param>
    /// <param name="asked">The request that it carries out; null in a takeover.</param>
    /// <param name="takeover">The process that takes over; null in a reload.</param>
    public void Begin(LifecycleEffect.BeginReload begin, AskedReload? asked, ITakeoverProcess? takeover)
    {
        memory.Reload = new ReloadAccount(begin, time)
        {
            Asked = asked,
            WaitedMs = asked is { HasWaited: true } ? asked.WaitedMs : null,
            Takeover = takeover,
            Waiters = [.. asked?.Waiters ?? []],
        };
        memory.Reload.Trace(Successor);
        if (memory.Reload.IsOnce) KeepHistory(); // before anything is started
        if (begin.DryRun)
        {
            log.CheckStarted(begin.Source, Successor);
        }
        else if (begin.Takeover)
        {
            log.TakeoverStarted(begin.Source, Successor);
        }
        else
        {
            log.ReloadStarted(begin.Source, Successor);
        }

        if (asked?.Id is not null) // the process that passed it on, or waited, learns at once that it has begun
        {
            memory.Reload.Waiters.Answer(Progress($"starting generation {Successor}", reloads: 1));
        }
    }

    /// <summary>Notes what an event says of the reload under way, and tells those who wait.</summary>
    public void Note(LifecycleEvent @event)
    {
        if (memory.Reload is { } reload && reload.Note(@event, Successor) is { } line)
        {
            reload.Waiters.Answer(new LifecycleProtocol.Progress(line));
        }
    }

    /// <summary>Joins those who wait for the reload under way.</summary>
    public void Join(ReloadAccount reload, AskedReload asked)
    {
        reload.Waiters.AddRange(asked.Waiters.Except(reload.Waiters).ToList());
        asked.Waiters.Answer(Progress($"generation {Successor} is under way", reloads: 1));
    }

    /// <summary>Closes the account: its receipt goes into history and log, to those who wait, and to a promoted successor.</summary>
    public void Finish()
    {
        if (memory is not { Reload: { } reload, Cast: { } cast })
        {
            return;
        }

        memory.Reload = null;
        var promoted = reload.Outcome is ReloadOutcome.Promoted;
        if (!promoted) // else the release that follows ends the handover, and leaves the Unix paths to the successor
        {
            cast.Listeners.Tell(new ListenerOrder.HandoverEnded());
        }

        if (reload is { Takeover: not null, Failure: not null })
        {
            process.RenewIdentity();
            cast.Control.Tell(new ClientOrder.Serve()); // on the new socket
        }

        var receipt = reload.Close(process.Pid, process.Generation, process.Release);
        memory.Refused = !reload.DryRun && reload.Outcome is ReloadOutcome.Refused or ReloadOutcome.RolledBack ? reload.Launched : null;
        Remember(receipt);
        if (!promoted) memory.Meter?.ReloadEnded(receipt); // else the successor records it
        LogOutcome(reload.Outcome, receipt);
        if (promoted)
        {
            cast.Reloader.Tell(new ReloaderOrder.SendHistory([receipt]));
        }

        reload.Waiters.Answer(new LifecycleProtocol.ReloadFinished(receipt));
    }

    /// <summary>Answers a request that is not carried out now; nothing is accounted for, and who asked can ask again.</summary>
    public void Refuse(string source, string reason, AskedReload? asked)
    {
        log.ReloadRefused(source, reason);
        asked?.Waiters.Answer(new LifecycleProtocol.ReloadFinished(Refusal(reason)));
    }

    /// <summary>Accounts for a request that came in time and is never carried out, as for a reload.</summary>
    public void Abandon(AskedReload asked, ReloadOutcome outcome, string reason)
    {
        var receipt = Refusal(reason) with
        {
            Outcome = WireName.Of(outcome),
            Trigger = WireName.Of(asked.Reload.Trigger),
            Cause = asked.Reload.Cause,
            DryRun = asked.Reload.DryRun,
            WaitedMs = asked.HasWaited ? asked.WaitedMs : null,
            RequestId = asked.Id,
        };
        Remember(receipt);
        memory.Meter?.ReloadEnded(receipt);
        memory.Notifier?.Refused(memory.State, receipt);
        asked.Waiters.Answer(new LifecycleProtocol.ReloadFinished(receipt));
    }

    /// <summary>The receipt of a request that nothing was started for.</summary>
    public ReloadReceipt Refusal(string reason) =>
        new(WireName.Of(ReloadOutcome.Refused), process.Pid, process.Generation, null, Successor, reason, time.GetUtcNow(), 0)
        {
            OldRelease = process.Release,
        };

    /// <summary>A line for those who wait, and the time within which the outcome is known.</summary>
    /// <param name="message">The line.</param>
    /// <param name="reloads">How many reloads end before it is.</param>
    public LifecycleProtocol.Progress Progress(string message, int reloads)
    {
        // By the limits of each step; what a reload leaves unused of one counts for the next.
        var limits = options.Reload;
        var one = limits.RoomTimeout + (3 * limits.ReadyTimeout) + limits.LongestProbation + options.Drain.Timeout
            + (3 * limits.KillTimeout);
        return new(message, reloads * one);
    }

    /// <summary>Takes over what the predecessor knows of past reloads.</summary>
    public void Adopt(IReadOnlyList<ReloadReceipt> receipts)
    {
        foreach (var receipt in receipts)
        {
            if (IsOwn(receipt) && !memory.History.Receipts.Any(IsOwn)) memory.Meter?.ReloadEnded(receipt);
            memory.History.Remember(receipt);
        }

        KeepHistory();
    }

    /// <summary>Notes how the predecessor's drain ended.</summary>
    public void NoteDrain(DrainCounts counts)
    {
        memory.History.NoteDrain(process.Pid, counts);
        KeepHistory();
        memory.Meter?.Drained(counts, Since(memory.MainSince));
    }

    /// <summary>Notes how the drain of a stop ended, once the process exits: no successor is there to record it.</summary>
    public void NoteOwnDrain()
    {
        if (memory is { IsMain: true, Drained: { } counts }) memory.Meter?.Drained(counts, Since(memory.DrainSince));
    }

    /// <summary>Writes the history, if this is the main process: what comes from a predecessor is written by that one.</summary>
    public void KeepHistory()
    {
        if (memory.State is LifecycleState.Serving or LifecycleState.AwaitingReady or LifecycleState.Overlapping
            or LifecycleState.OnProbation or LifecycleState.Yielding or LifecycleState.Promoting
            or LifecycleState.RollingBack or LifecycleState.LameDuck)
        {
            Write();
        }
    }

    /// <summary>What a successor is told when it becomes the main process. The receipt of a reload that is begun once is among it:
    /// requests from then on reach the successor, and this process closes the account only when the connections have moved.</summary>
    public IReadOnlyList<ReloadReceipt> HistoryAtPromotion() => memory.Reload is { IsOnce: true } reload
        ? [.. memory.History.Receipts, Receipt(reload)] : memory.History.Receipts;

    // The reload that made this process the main one.
    private bool IsOwn(ReloadReceipt receipt) => receipt.Ended is ReloadOutcome.Promoted && receipt.NewPid == process.Pid
        && receipt.NewGeneration == process.Generation;

    private TimeSpan Since(long? timestamp) => timestamp is { } since ? time.GetElapsedTime(since) : TimeSpan.Zero;

    private void Remember(ReloadReceipt receipt)
    {
        memory.History.Remember(receipt);
        Write();
    }

    // The reload under way is on the disk with an outcome that holds if this process does not live to write another. A successor reads the
    // file when it starts, so it knows the id too, should it be left alone.
    private void Write() => process.KeepHistory(memory.Reload is { IsOnce: true } reload
        ? [.. memory.History.Receipts, Receipt(reload) with { Outcome = WireName.Of(ReloadOutcome.Stopped), Reason = Lost }]
        : memory.History.Receipts);

    private ReloadReceipt Receipt(ReloadAccount reload) => reload.Receipt(process.Pid, process.Generation, process.Release);

    private void LogOutcome(ReloadOutcome outcome, ReloadReceipt receipt)
    {
        var (elapsed, generation, pid, reason) = (receipt.ElapsedMs, receipt.NewGeneration, receipt.NewPid, receipt.Reason ?? "");
        switch (outcome)
        {
            case ReloadOutcome.Promoted: log.ReloadPromoted(elapsed, generation, pid, receipt.NewRelease); break;
            case ReloadOutcome.Checked: log.CheckPassed(elapsed, generation, pid, receipt.NewRelease); break;
            case ReloadOutcome.Stopped: log.ReloadStopped(elapsed, generation, pid, reason); break;
            case var _ when receipt.DryRun: log.CheckFailed(elapsed, generation, pid, reason); break;
            default: log.ReloadFailed(receipt.Outcome, elapsed, generation, pid, reason); break;
        }
    }
}
