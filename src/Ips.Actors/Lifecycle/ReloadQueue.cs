using Akka.Actor;
using Microsoft.Extensions.Logging;

namespace Ips.Actors.Lifecycle;

/// <summary>The request that waits for the end of what is under way: it is carried out here, forwarded to the next main process, or
/// dropped.</summary>
internal sealed class ReloadQueue(LifecycleMemory memory, ReloadTracker tracker, ICurrentProcess process, ILogger log)
{
    private AskedReload? _due; // has waited, and is about to begin: status shows it until then

    /// <summary>The request that waits, for status and history.</summary>
    public PendingReload? Pending => (memory.Queued ?? _due)?.ToPending();

    /// <summary>Whether the same request is known by another way: a predecessor has passed it on, and who waited for it there asks here.
    /// Those who ask then wait for that one, or have its receipt.</summary>
    public bool Joins(AskedReload asked)
    {
        if (asked.Id is not { } id)
        {
            return false;
        }

        if (memory.Reload is { } reload && reload.Asked?.Id == id)
        {
            tracker.Join(reload, asked);
        }
        else if (memory.Queued is { } queued && queued.Id == id)
        {
            queued.Waiters.AddRange(asked.Waiters.Except(queued.Waiters).ToList());
            asked.Waiters.Answer(tracker.Progress($"waits for {tracker.UnderWay}", reloads: 2));
        }
        else if (memory.History.Receipts.LastOrDefault(receipt => receipt.RequestId == id) is { } receipt)
        {
            asked.Waiters.Answer(new LifecycleProtocol.ReloadFinished(receipt));
        }
        else
        {
            return false;
        }

        NoLongerDue(asked);
        return true;
    }

    /// <summary>Whether a request is answered without a reload of its own: the same one is known, or it is of no use now.</summary>
    public bool Answers(AskedReload asked)
    {
        if (Joins(asked)) return true;
        if (asked.Reload.Once?.Instead is not { } instead) return false;
        asked.Waiters.Answer(instead);
        return true;
    }

    /// <summary>Lets a request wait. The newer one takes the place of the older one, and answers those who wait for that as well.</summary>
    public void Enqueue(AskedReload asked)
    {
        var what = tracker.UnderWay;
        log.ReloadQueued(asked.Reload.Source, what + (memory.Queued is { } older ? $", in place of the one by {older.Reload.Source}" : ""));
        asked.Queue();
        asked.Waiters.Answer(tracker.Progress($"waits for {what}", reloads: 2));
        memory.Queued = AskedReload.Newer(memory.Queued, asked);
    }

    /// <summary>Takes out the request that waits, which is due now; null if none does.</summary>
    public AskedReload? TakeDue() => Take() is { } due ? _due = due : null;

    /// <summary>A request begins, or has ended without that.</summary>
    public void NoLongerDue(AskedReload asked)
    {
        if (ReferenceEquals(_due, asked)) _due = null;
    }

    /// <summary>The release in place if it is the one that has just been refused or rolled back; else null.</summary>
    public async Task<ReleaseStamp?> WeighAsync() =>
        memory.Refused is { } refused && await Task.Run(process.ReleaseInPlace).ConfigureAwait(false) == refused ? refused : null;

    /// <summary>Refuses a request whose release has just failed.</summary>
    public void Refuse(AskedReload asked, ReleaseStamp refused)
    {
        var reason = $"the release in place is the one that has just been refused ({refused.Program}); "
            + "put another one in place and ask again";
        log.ReloadRefused(asked.Reload.Source, reason);
        Abandon(asked, ReloadOutcome.Refused, reason);
    }

    /// <summary>Drops the request that waits.</summary>
    public void Drop(string reason)
    {
        if (Take() is { } asked)
        {
            log.ReloadRefused(asked.Reload.Source, reason);
            Abandon(asked, ReloadOutcome.Stopped, reason);
        }
    }

    /// <summary>Accounts for a request that is never carried out.</summary>
    public void Abandon(AskedReload asked, ReloadOutcome outcome, string reason)
    {
        NoLongerDue(asked);
        tracker.Abandon(asked, outcome, reason);
    }

    /// <summary>Passes the request that waits on to the new main process. Who waits asks that one itself, so that this process can end; the
    /// same request by both ways counts once.</summary>
    public void Forward()
    {
        if (Take() is not { } asked)
        {
            return;
        }

        var request = asked.ToRequest();
        asked.Waiters.Answer(new LifecycleProtocol.ReloadPassedOn(
            "another process is the main one now, and carries out this reload; `ips history` shows how it ended", request));
        memory.DeliveryOver = Task.WhenAll(memory.DeliveryOver, DeliverAsync(asked.Reload.Source, request, memory.Cast!.Reloader));
    }

    private async Task DeliverAsync(string source, ReloadRequest request, IActorRef reloader)
    {
        if (await TryPassOnAsync(request).ConfigureAwait(false) is not { } failure)
        {
            log.ReloadPassedOn(source);
            return;
        }

        log.ReloadNotPassedOn(source, failure);
        var lost = $"the reload by {source} could not be passed on to the new main process: {failure.TrimEnd('.')}; repeat it: ips reload";
        var receipt = tracker.Refusal(lost) with { NewGeneration = process.Generation + 2, WaitedMs = request.WaitedMs };
        process.AddToHistory(receipt); // the main process may be gone
        reloader.Tell(new ReloaderOrder.SendHistory([receipt]));
    }

    private async Task<string?> TryPassOnAsync(ReloadRequest request)
    {
        try
        {
            return await process.PassOnReloadAsync(request).ConfigureAwait(false);
        }
        catch (Exception e) // whatever it is, the request is lost
        {
            return e.GetBaseException().Message;
        }
    }

    private AskedReload? Take()
    {
        var asked = memory.Queued;
        memory.Queued = null;
        return asked;
    }
}
