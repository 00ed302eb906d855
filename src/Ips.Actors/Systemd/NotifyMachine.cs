using Ips.Actors.Lifecycle;
using static Ips.Actors.Lifecycle.LifecycleEffect;

namespace Ips.Actors.Systemd;

/// <summary>What the service manager was told so far.</summary>
/// <param name="IsMain">It knows this process as the main one: only that one speaks.</param>
/// <param name="Reloading">It was told of a reload that has not ended.</param>
/// <param name="Stopping">It was told of the stop.</param>
internal sealed record NotifyStanding(bool IsMain = false, bool Reloading = false, bool Stopping = false);

/// <summary>What a message may need beyond the effect that it follows.</summary>
/// <param name="Pid">This process.</param>
/// <param name="Generation">This generation, from 1.</param>
/// <param name="Supervised">A supervisor is the manager's main process, and stays it.</param>
/// <param name="State">Where the generation stands now.</param>
/// <param name="MonotonicUsec">CLOCK_MONOTONIC now, in microseconds.</param>
/// <param name="Watchdog">The manager expects signs of life.</param>
/// <param name="LastReceipt">The newest reload or check.</param>
/// <param name="SuccessorPid">The successor of the reload under way.</param>
/// <param name="Takeover">It is a takeover: none of the manager's unit.</param>
internal sealed record NotifyFacts(
    int Pid, int Generation, bool Supervised, LifecycleState State, long MonotonicUsec, bool Watchdog, ReloadReceipt? LastReceipt,
        int? SuccessorPid = null,
    bool Takeover = false);

/// <summary>
/// Decides what the service manager is told, from the effects that LifecycleActor has carried out. Pure. Only the main process speaks: the
/// predecessor until its successor has published itself, the successor from then on. A predecessor that drains after its handover, and a
/// successor that gives the role back, say nothing, because systemd takes STOPPING=1 from any process of the unit for the end of the
/// service.
/// </summary>
internal static class NotifyMachine
{
    /// <summary>How far each message of a stop or a reload puts off the unit's time limits; the next one comes long before.</summary>
    internal static readonly TimeSpan Extension = TimeSpan.FromSeconds(30);

    /// <summary>After an effect was carried out.</summary>
    /// <returns>The new standing, and what is to be sent, if anything.</returns>
    public static (NotifyStanding Standing, NotifyMessage? Message) After(NotifyStanding standing, LifecycleEffect effect,
        NotifyFacts facts)
    {
        switch (effect)
        {
            case PublishIdentity:
                return Published(standing, facts);
            case HandOverIdentity when facts.Takeover:
                // For the manager the service ends here; the process that took over reports to its own unit, if it has one.
                return (new NotifyStanding(), standing.IsMain ? new NotifyMessage
                {
                    Stopping = true,
                    ExtendTimeout = Extension,
                    Status = $"Generation {facts.Generation + 1}, which is not of this unit, has taken over; open requests may finish.",
                } : null);
            case HandOverIdentity:
                // The successor has already announced itself; but in a unit with NotifyAccess=main, the default, systemd accepts only our
                // messages until it has received this one.
                return (new NotifyStanding(), standing.IsMain && !facts.Supervised && facts.SuccessorPid is { } successor
                    ? new NotifyMessage { MainPid = successor, Ready = true } : null);
        }

        if (!standing.IsMain) return (standing, null);

        // A promoted successor whose predecessor has taken the role back all the same: the predecessor is the main process again, and has
        // said so.
        if (facts.State is LifecycleState.Draining { HandedOver: true }) return (new NotifyStanding(), null);
        if (IsStopping(facts.State))
        {
            return standing.Stopping
                ? (standing, null)
                : (standing with { Stopping = true, Reloading = false }, new NotifyMessage
                {
                    Stopping = true,
                    ExtendTimeout = Extension,
                    Status = $"Generation {facts.Generation} is stopping: open requests may finish.",
                });
        }

        return effect switch
        {
            BeginReload { DryRun: false } when !standing.Reloading => (standing with { Reloading = true }, new NotifyMessage
            {
                ReloadingAtUsec = facts.MonotonicUsec,
                ExtendTimeout = Extension,
                Status = $"Generation {facts.Generation} serves; generation {facts.Generation + 1} is starting.",
            }),
            ReloaderOrder.SendServe => (standing, new NotifyMessage
            {
                Status = $"Generation {facts.Generation + 1} serves on probation; generation {facts.Generation} can take the role back.",
            }),
            FinishReload when standing.Reloading => (standing with { Reloading = false }, new NotifyMessage
            {
                Ready = true,
                Status = $"Generation {facts.Generation} serves{Failure(facts)}.",
            }),
            _ => (standing, null),
        };
    }

    /// <summary>A reload was refused before anything was started.</summary>
    public static NotifyMessage? Refused(NotifyStanding standing, NotifyFacts facts) =>
        standing is { IsMain: true, Reloading: false, Stopping: false }
        ? new NotifyMessage { Status = $"Generation {facts.Generation} serves{Failure(facts)}." }
        : null;

    /// <summary>The message loop has come round: a sign of life, and more time for what is under way.</summary>
    public static NotifyMessage? OnTurn(NotifyStanding standing, bool watchdog)
    {
        var busy = standing.Reloading || standing.Stopping;
        return standing.IsMain && (watchdog || busy) ? new NotifyMessage { Watchdog = watchdog, ExtendTimeout = busy ? Extension : null }
            : null;
    }

    private static (NotifyStanding Standing, NotifyMessage? Message) Published(NotifyStanding standing, NotifyFacts facts)
    {
        int? mainPid = facts.Supervised ? null : facts.Pid;

        // Taken back from a successor that may have told of itself; the reload ends, and READY follows, when that one is gone.
        return standing.Reloading
            ? (standing, new NotifyMessage { MainPid = mainPid, Watchdog = facts.Watchdog })
            : (new NotifyStanding(IsMain: true), new NotifyMessage
            {
                MainPid = mainPid,
                Ready = true,
                Watchdog = facts.Watchdog, // the predecessor's last one may be almost an interval ago
                Status = $"Generation {facts.Generation} serves.",
            });
    }

    private static bool IsStopping(LifecycleState state) =>
        state is LifecycleState.LameDuck or LifecycleState.Draining or LifecycleState.Exiting;

    private static string Failure(NotifyFacts facts) => facts.LastReceipt is { Reason: { } reason, DryRun: false } receipt
        ? $"; the reload to generation {receipt.NewGeneration} was {Failed(receipt)}: "
            + $"{reason.TrimEnd('.')}"
        : "";

    private static string Failed(ReloadReceipt receipt) => receipt.Ended switch
    {
        ReloadOutcome.Refused => "refused",
        ReloadOutcome.Stopped => "cut off",
        _ => "rolled back",
    };
}
