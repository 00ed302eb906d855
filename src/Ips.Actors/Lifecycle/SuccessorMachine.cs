using Ips.Actors.Configuration;
using Ips.Actors.Handover;
using Ips.Actors.Posix;
using static Ips.Actors.Lifecycle.SuccessorEffect;
using static Ips.Actors.Lifecycle.SuccessorEvent;
using static Ips.Actors.Lifecycle.SuccessorState;

namespace Ips.Actors.Lifecycle;

/// <summary>The state after an event and what is to be performed, in order.</summary>
internal sealed record SuccessorStep(SuccessorState State, params IReadOnlyList<SuccessorEffect> Effects);

/// <summary>
/// Every decision about a successor, as a pure function: <c>AwaitingRoom → AbortingOlder → OfferingSockets → Spawned → Welcomed → Ready →
/// Serving → Promoting → Promoted → Leaving → Gone</c>. From each state before the promotion a failure leads to <c>Failed</c>, and an order
/// to end to <c>Asked → Terminated → Killed</c>; from each with a process both halves of its end lead to <c>Gone</c>.
/// </summary>
/// <remarks>Which frame a successor may send in which state is <see cref="Meant"/>: what that does not know is the successor's failure. A
/// peer may say a thing again, as an actor that restarted asks anew what may have been lost.</remarks>
[SupportedOSPlatform("linux")]
internal static class SuccessorMachine
{
    private const int MissedReportsAllowed = 3;
    private const int HealthUrlFailuresAllowed = 3;
    private const int MaxReasonLength = 1000; // of a successor's own words: they go into packets, receipts and the log
    private static readonly TimeSpan OtherHalf = TimeSpan.FromSeconds(1); // of an end: it follows at once, unless the process lives on
    private static readonly TimeSpan DrainMargin = TimeSpan.FromSeconds(2);

    /// <summary>Decides what an event means in a state. Total: what means nothing changes nothing.</summary>
    public static SuccessorStep Next(SuccessorState state, SuccessorEvent @event, IpsOptions options) => (state, @event) switch
    {
        (_, Ordered ordered) => OnOrder(state, ordered.Order, ordered.Older, options),
        (Preparing preparing, _) => OnPreparing(preparing, @event, options),
        (Living living, Received received) => Meant(living, received.Frame, options) ?? OnFault(living, received.Frame),
        (Living living, ChannelClosed or Exited or Faulted or StopUnheard or CarryEnded) => OnFact(living, @event, options),
        (Living living, TimerFired { Timer: var timer }) => OnTimer(living, timer, options),
        (Living living, _) => OnAnswer(living, @event, options),
        _ => Stay(state),
    };

    /// <summary>What to do again after the actor restarted: its timers and questions are lost. Every effect is idempotent.</summary>
    public static IReadOnlyList<SuccessorEffect> Resume(SuccessorState state, IpsOptions options) =>
    [
        .. state switch
        {
            Living { End: ProcessEnd.Exited } => [new Arm(SuccessorTimer.ExitWithoutClose, OtherHalf)],
            Living { End: ProcessEnd.ChannelClosed } and not (Failed or Ending) => [new Arm(SuccessorTimer.ClosedWithoutExit, OtherHalf)],
            _ => Nothing,
        },
        .. state switch
        {
            OfferingSockets offering => [new OfferSockets(offering.Order)],
            Ready { Unjudged: { } failing } => [new Judge(failing, null)],
            OnProbation probation => [.. Watch(options), .. CanaryRules.Share(probation.Step, options),
                .. CanaryRules.Lengthened(probation, options)],
            Leaving { Carry: not CarryStage.Begun } => [new SendLeft()],
            Asked { End: not ProcessEnd.Exited } asked => [new Arm(SuccessorTimer.Escalate, asked.Patience)],
            Terminated { End: not ProcessEnd.Exited } => [new Arm(SuccessorTimer.Escalate, options.Reload.KillTimeout)],
            _ => Nothing,
        },
    ];

    /// <summary>Whether the successor gets the identity of the service only when it is to be the main process: one that this service has
    /// not started may fail, or be hostile, and keep what it was given.</summary>
    public static bool IdentityIsLate(SuccessorFacts facts) => facts.Order.Takeover && facts.Version >= HandoverVersion.LateIdentity;

    private static SuccessorStep OnOrder(
        SuccessorState state, ReloaderOrder order, IReadOnlyList<GenerationEntry> older, IpsOptions options) => (state, order) switch
        {
            (Preparing or Living, ReloaderOrder.SpawnSuccessor) => Stay(state), // asked again after a restart: it is there or about to be
            (NotStarted or Gone, ReloaderOrder.SpawnSuccessor { Again: true }) => Stay(state), // its end is known already
            (_, ReloaderOrder.SpawnSuccessor spawn) => OnSpawn(spawn, older, options),

            (Ready { Unjudged: null, End: not ProcessEnd.ChannelClosed } ready, ReloaderOrder.SendServe) =>
                new(new Serving(ready.Facts) { End = ready.End }, [new Send(new ServeFrame(ready.Facts.Canary)), new UnlimitOutput(),
                    .. Watch(options)]),
            // Ordered again after a restart: LifecycleActor has not received the report.
            (Serving serving, ReloaderOrder.SendServe) =>
                new(serving with { Reported = false }, new Send(new ServeFrame(serving.Facts.Canary))),

            (Serving serving, ReloaderOrder.ConcludeProbation) => CanaryRules.Conclude(serving, options),

            (Serving serving, ReloaderOrder.SendPromote promote) => new(
                new Promoting(serving.Facts, serving.UrlFailures, serving.Step) { End = serving.End },
                [.. CanaryRules.Unlengthen(serving), new SendHistory(promote.History),
                    .. IdentityIsLate(serving.Facts) ? [new SendIdentity()] : Nothing, new SendPromotion()]),
            (Promoting or Main, ReloaderOrder.SendPromote promote) => new(state, new SendHistory(promote.History), new SendPromotion()),

            (Main { End: not ProcessEnd.ChannelClosed } and not Leaving { Carry: CarryStage.NotBegun }, ReloaderOrder.MoveConnections) =>
                new(state is Main { Carry: CarryStage.NotBegun } main ? main with { Carry = CarryStage.Begun } : state, new BeginCarry()),
            (_, ReloaderOrder.MoveConnections) => new(state, new RefuseCarry()),
            (Living, ReloaderOrder.SendHistory history) => new(state, new SendHistory(history.Receipts)),
            (Living, ReloaderOrder.SendFarewell farewell) => new(state, new Send(ToFrame(farewell.Counts))),

            (Living living, ReloaderOrder.GiveUpSuccessor giveUp) => Fail(living, giveUp.Reason, responsive: false),
            (_, ReloaderOrder.EndSuccessor end) => OnEnd(state, end, options),
            (Living { End: not ProcessEnd.Exited } living and not (Main or Killed), ReloaderOrder.KillSuccessor) =>
                new(new Killed(Before(living)) { End = living.End },
                    [.. Abandon(living), .. living is Ending ? [new Cancel(SuccessorTimer.Escalate)] : Nothing,
                    new Signal(SignalNumbers.SIGKILL)]),
            _ => Stay(state),
        };

    private static SuccessorStep OnSpawn(ReloaderOrder.SpawnSuccessor spawn, IReadOnlyList<GenerationEntry> older, IpsOptions options) =>
        PlanRoom(spawn, older, options) is { TooMany: > 0 } plan
            ? new(new AwaitingRoom(spawn), new AwaitRoom(spawn, older.Count, older.Count - plan.TooMany))
            : new(new OfferingSockets(spawn), new OfferSockets(spawn));

    private static SuccessorStep OnPreparing(Preparing state, SuccessorEvent @event, IpsOptions options) => (state, @event) switch
    {
        (AwaitingRoom, RoomAwaited awaited) => PlanRoom(state.Order, awaited.Older, options) switch
        {
            { ToAbort: { Count: > 0 } oldest } => new(new AbortingOlder(state.Order), new AbortOlder(state.Order, oldest)),
            { Refusal: { } refusal } => CannotBegin(state.Order, refusal),
            _ => new(new OfferingSockets(state.Order), new OfferSockets(state.Order)),
        },
        (AbortingOlder, OlderAborted aborted) => new(new OfferingSockets(state.Order),
            new Tell(new LifecycleEvent.GenerationsAborted(aborted.Generations)), new OfferSockets(state.Order)),
        (_, PreparationFailed failed) => CannotBegin(state.Order, failed.Reason),
        (OfferingSockets, SocketsOffered) => new(state, new SuccessorEffect.Launch(state.Order)),
        (OfferingSockets, Launched) when state.Order.Takeover =>
            new(new Spawned(new SuccessorFacts(state.Order)), new AskHealthUrlHere(), new TellSpawned(Takeover: true)),
        // Ahead of hello: if the process here dies before it has read that, nobody who connects is refused.
        (OfferingSockets, Launched) => new(new Spawned(new SuccessorFacts(state.Order)),
            new SendWelcome(new SuccessorFacts(state.Order)), new AskHealthUrlHere(), new TellSpawned(Takeover: false)),
        (OfferingSockets, LaunchFailed failed) => new(new NotStarted(), CannotBegin(failed.Reason)),
        _ => Stay(state),
    };

    private static RoomPlan PlanRoom(ReloaderOrder.SpawnSuccessor spawn, IReadOnlyList<GenerationEntry> older, IpsOptions options) =>
        GenerationRoom.Plan(older, spawn.Generation - 1, spawn.DryRun, options.Reload);

    private static SuccessorStep CannotBegin(ReloaderOrder.SpawnSuccessor spawn, string reason) =>
        new(new NotStarted(), [.. spawn.Takeover ? [new RefuseTakeover(spawn, reason)] : Nothing, CannotBegin(reason)]);

    private static Tell CannotBegin(string reason) => new(new LifecycleEvent.SuccessorFailed(reason, Responsive: false));

    // The order of frames. What a successor may say in a state is what is listed with it; null for anything else.
    private static SuccessorStep? Meant(Living state, HandoverFrame frame, IpsOptions options) => (state, frame) switch
    {
        (Spawned spawned, HelloFrame hello) => OnHello(spawned, hello),
        (Spawned or Welcomed or Ready or OnProbation, FailedFrame failed) => Fail(state, failed.Reason, responsive: true, drains: true),
        (Welcomed welcomed, ReadyFrame ready) => OnReady(welcomed, ready, options),
        (Ready or OnProbation or Main, ReadyFrame) => Stay(state), // again, after a restart over there
        (OnProbation probation, HealthFrame { Ok: false, Failing: { Count: > 0 } failing } health) =>
            new(probation, ArmHealth(options), new Judge(failing, health)),
        (OnProbation probation, HealthFrame health) => OnReport(probation, health, options),
        (OnProbation, WindowFrame window) => new(state, CanaryRules.Weigh(state, window)),
        (Main, HealthFrame or WindowFrame) => Stay(state), // it crossed the promotion
        (Promoting promoting, PromotedFrame) => new(
            new Promoted(promoting.Facts, promoting.Step > 0 ? CarryStage.Begun : CarryStage.NotBegun) { End = promoting.End },
            [.. Unwatch(promoting), new Tell(new LifecycleEvent.PromotionAcknowledged())]),
        (Main, PromotedFrame) => new(state, new Tell(new LifecycleEvent.PromotionAcknowledged())),
        (Main { Carry: CarryStage.NotBegun }, AdoptedFrame or DeclinedFrame) => Stay(state),
        (Main main, AdoptedFrame adopted) => new(main, [new Acknowledge(adopted.Count), .. LeftIfDone(main)]),
        (Main main, DeclinedFrame declined) => new(main, [new TakeBackDeclined(declined.Packet), .. LeftIfDone(main)]),
        (_, AdoptedFrame adopted) when IsPassedOn(state) => new(state, new Acknowledge(adopted.Count)),
        (_, DeclinedFrame declined) when IsPassedOn(state) => new(state, new TakeBackDeclined(declined.Packet)),
        (Main main, LeavingFrame leaving) => OnLeaving(new Leaving(main.Facts, main.Carry) { End = main.End }, leaving),

        // A rollback: it drains, as it was told or has said.
        (Failed { Was: Spawned or Welcomed or Ready or OnProbation } failing, FailedFrame) => new(failing with { Drains = true }),
        (Failed { Was: OnProbation, Drains: true } or Ending { Was: OnProbation or Main }, ConnectionsFrame returned) =>
            new(state, new TakeReturned(returned)),
        (Failed { Was: OnProbation, Drains: true } or Ending { Was: OnProbation or Main }, UpgradedFrame returned)
            when state.Facts.Version >= HandoverVersion.Upgrades => new(state, new TakeReturned(returned)),
        (Failed { Was: OnProbation, Drains: true } or Ending { Was: OnProbation or Main }, LeavingFrame) => new(state, new SendLeft()),
        (Failed or Ending, _) when Meant(Before(state), frame, options) is not null => Stay(state), // it crossed the failure, and is late
        _ => null,
    };

    // While it is being ended, and after its promotion, it costs nothing but a line.
    private static SuccessorStep OnFault(Living state, HandoverFrame frame)
    {
        var (said, phase) = (frame.GetType().Name, Before(state).Name);
        var failed = Fail(state, $"it sent {said}, which the handover protocol does not have in this phase ({phase})", responsive: false);
        return failed with { Effects = [new LogFault(said, phase), .. failed.Effects] };
    }

    private static SuccessorStep OnHello(Spawned state, HelloFrame hello)
    {
        if (HandoverVersion.Choose(hello) is { } version)
        {
            var facts = state.Facts with { Version = version };
            return new(new Welcomed(facts) { End = state.End }, new TellGreeted(facts, hello), new SendWelcome(facts));
        }

        var reason = $"it speaks handover versions {hello.Min} to {hello.Max}, "
            + $"this generation {HandoverVersion.Min} to {HandoverVersion.Max}";
        var failed = Fail(state, reason, responsive: false);
        return failed with { Effects = [new LogRefused(hello, reason), new Send(new RefusedFrame(reason)), .. failed.Effects] };
    }

    // What has changed in the configuration counts in the reload that brings it; a takeover process does not choose what this one asks.
    private static SuccessorStep OnReady(Welcomed state, ReadyFrame ready, IpsOptions options)
    {
        var own = ready.HealthUrl is not null && !state.Facts.Order.Takeover;
        if (own && ready.HealthUrl is { Length: > 0 } url && !IsHttp(url))
        {
            return Fail(state, $"its ips.reload.health-url is {url}; it must be an absolute http or https URL", responsive: true);
        }

        var facts = state.Facts with
        {
            HealthUrl = own ? ready.HealthUrl : options.Reload.HealthUrl,
            NoCanary = CanaryRules.Objection(options.Reload, state.Facts.Order.KeptState, ready),
        };
        var note = new NoteReady(ready, own);
        return ready.Failing is { Count: > 0 } failing
            ? new(new Ready(facts, failing) { End = state.End }, note, new Judge(failing, null))
            : new(new Ready(facts) { End = state.End }, note, CanaryRules.TellReady(facts, options));
    }

    private static SuccessorStep OnReport(OnProbation state, HealthFrame health, IpsOptions options) =>
        (HealthJudge.Fault(health, options.Reload), state) switch
        {
            ({ } fault, _) => Fail(state, fault, responsive: true),
            (null, Serving { Reported: false } serving) => OnServes(serving, options),
            _ => new(state, ArmHealth(options)),
        };

    // Asked again after a restart, the canary goes on where it is.
    private static SuccessorStep OnServes(Serving serving, IpsOptions options)
    {
        SuccessorEffect[] told = [ArmHealth(options), new Tell(new LifecycleEvent.SuccessorServes())];
        return serving is { Facts.Canary: true, Step: 0 }
            ? new(serving with { Reported = true, Step = 1 }, [.. told, .. CanaryRules.Share(1, options)])
            : new(serving with { Reported = true }, told);
    }

    // Connections were passed on to it before its promotion.
    private static bool IsPassedOn(Living state) => Before(state) is OnProbation { Step: > 0 };

    private static SuccessorStep OnLeaving(Leaving state, LeavingFrame frame) => new(state, new Tell(new LifecycleEvent.SuccessorLeaving()),
        state.Carry == CarryStage.NotBegun ? new SendLeft() : new EndCarry(frame.Finish ?? false));

    private static SuccessorEffect[] LeftIfDone(Main main) => main is Leaving { Carry: not CarryStage.Begun } ? [new SendLeft()] : Nothing;

    private static SuccessorStep OnFact(Living state, SuccessorEvent @event, IpsOptions options) => (@event, state.End) switch
    {
        (ChannelClosed closed, ProcessEnd.Exited exited) => OnGone(state, exited, closed.Error),
        (ChannelClosed closed, ProcessEnd.Unseen) => new(state with { End = new ProcessEnd.ChannelClosed(closed.Error) },
            state is Failed or Ending ? Nothing : [new Arm(SuccessorTimer.ClosedWithoutExit, OtherHalf)]),
        (Exited { End: var exited }, ProcessEnd.ChannelClosed closed) => OnGone(state, exited, closed.Error),
        (Exited { End: var exited }, ProcessEnd.Unseen) => new(state with { End = exited },
            [.. state is Ending ? [new Cancel(SuccessorTimer.Escalate)] : Nothing, new Arm(SuccessorTimer.ExitWithoutClose, OtherHalf)]),
        (Faulted fault, _) => Fail(state, fault.Reason, responsive: false),
        (StopUnheard, _) when state is Asked asked => Escalate(asked, options),
        (CarryEnded, _) when state is Main { Carry: not CarryStage.NotBegun } main =>
            new(main with { Carry = CarryStage.Ended }, main is Leaving ? [new SendLeft()] : Nothing),
        _ => Stay(state),
    };

    private static SuccessorStep OnTimer(Living state, SuccessorTimer timer, IpsOptions options) => (timer, state) switch
    {
        (SuccessorTimer.HealthOverdue, OnProbation) => Fail(state,
            $"it sent no health report for {MissedReportsAllowed} intervals of {options.Reload.HealthInterval.TotalSeconds:0.###} s",
            responsive: false),
        (SuccessorTimer.HealthUrlDue, OnProbation) => new(state, new AskHealthUrl()),
        (SuccessorTimer.CanaryStep, Serving serving) =>
            new(serving with { Step = serving.Step + 1 }, CanaryRules.Share(serving.Step + 1, options)),
        (SuccessorTimer.WindowDue, OnProbation) => new(state, CanaryRules.Weigh(state, null)),
        (SuccessorTimer.ProbationMax, Serving serving) => CanaryRules.Pass(serving),
        (SuccessorTimer.Escalate, Ending ending) => Escalate(ending, options),
        (SuccessorTimer.ClosedWithoutExit, Main { Carry: not CarryStage.NotBegun, End: ProcessEnd.ChannelClosed }) =>
            new(state, new BreakCarry()),
        (SuccessorTimer.ClosedWithoutExit, { End: ProcessEnd.ChannelClosed closed }) => OnClosed(state, closed),
        (SuccessorTimer.ExitWithoutClose, { End: ProcessEnd.Exited exited }) => OnGone(state, exited, null), // a child holds the channel
        _ => Stay(state),
    };

    private static SuccessorStep OnClosed(Living state, ProcessEnd.ChannelClosed closed)
    {
        var failed = Fail(state, closed.Error is { } error ? ChannelFailed(error) : "it closed the handover channel without exiting",
            responsive: false);
        return IsPassedOn(state) ? failed with { Effects = [.. failed.Effects, new BreakCarry()] } : failed;
    }

    private static SuccessorStep OnAnswer(Living state, SuccessorEvent @event, IpsOptions options) => (state, @event) switch
    {
        (_, HealthUrlAnsweredHere here) => new(state with { Facts = state.Facts with { UrlFailsHere = here.Fault is not null } }),
        (OnProbation probation, HealthUrlAnswered { Fault: { } fault }) when !IsExcused(state.Facts, options) =>
            probation.UrlFailures + 1 < HealthUrlFailuresAllowed
                ? new(probation with { UrlFailures = probation.UrlFailures + 1 })
                : Fail(probation, $"the health URL {state.Facts.HealthUrl} (ips.reload.health-url) "
                    + $"failed {HealthUrlFailuresAllowed} times in a row: {fault}", responsive: true),
        (OnProbation, Outdone outdone) => Fail(state, outdone.Reason, responsive: true),
        (Serving { Concluding: true } serving, JudgeAsked asked) => CanaryRules.Consider(serving, asked.Wants, options),
        (OnProbation probation, HealthUrlAnswered) => new(probation with { UrlFailures = 0 }),
        (Ready { Unjudged: not null } or OnProbation, Judged judged) when (state is Ready) == judged.Report is null =>
            OnJudged(state, judged, options),
        _ => Stay(state),
    };

    // A URL that failed here says nothing of the successor; another one, which its release brings, was not asked here.
    private static bool IsExcused(SuccessorFacts facts, IpsOptions options) =>
        facts.UrlFailsHere && facts.HealthUrl == options.Reload.HealthUrl;

    // What fails there counts only if it does not fail here as well, and was not to be ignored.
    private static SuccessorStep OnJudged(Living state, Judged judged, IpsOptions options)
    {
        var ignored = (state.Facts.Order.Terms ?? ReloadTerms.None).IgnoreChecks;
        if (HealthJudge.Counted(judged.Failing, judged.FailingHere, ignored) is { Count: > 0 } counted)
        {
            return Fail(state, ProbeResult.Describe(counted), responsive: true);
        }

        var next = judged.Report is { } report && state is OnProbation probation
            ? OnReport(probation, report with { Ok = true }, options)
            : new(new Ready(state.Facts) { End = state.End }, CanaryRules.TellReady(state.Facts, options));
        return next with { Effects = [new LogExcused(judged.Failing), .. next.Effects] };
    }

    private static SuccessorStep OnEnd(SuccessorState state, ReloaderOrder.EndSuccessor end, IpsOptions options) => state switch
    {
        None or NotStarted => new(new Gone(), new Tell(new LifecycleEvent.SuccessorGone())),
        Preparing { Order: var order } => new(new Gone(),
            [.. order.Takeover ? [new RefuseTakeover(order, end.Reason)] : Nothing, new Tell(new LifecycleEvent.SuccessorGone())]),
        Asked asked => end.FinishRequests ? Stay(state) : Escalate(asked, options),
        Living living and not Ending =>
            Ask(living, end, end.FinishRequests ? options.Drain.Timeout + DrainMargin : options.Reload.KillTimeout),
        _ => Stay(state),
    };

    private static SuccessorStep Ask(Living state, ReloaderOrder.EndSuccessor end, TimeSpan patience) => new(
        new Asked(Before(state), patience) { End = state.End },
        [.. Abandon(state), new Cancel(SuccessorTimer.ClosedWithoutExit),
            .. state.End is ProcessEnd.Exited ? Nothing : [new Arm(SuccessorTimer.Escalate, patience)],
            new SendStop(new StopFrame(end.Reason, (long)patience.TotalMilliseconds, end.Return))]);

    private static SuccessorStep Escalate(Ending state, IpsOptions options) => state switch
    {
        { End: ProcessEnd.Exited } => Stay(state),
        Asked => new(new Terminated(state.Was) { End = state.End },
            new Arm(SuccessorTimer.Escalate, options.Reload.KillTimeout), new Signal(SignalNumbers.SIGTERM)),
        Terminated => new(new Killed(state.Was) { End = state.End }, new Signal(SignalNumbers.SIGKILL)),
        _ => Stay(state),
    };

    // The channel's last packets may say why a process ended, so both ends are waited for: a dead process holds no channel open.
    private static SuccessorStep OnGone(Living state, ProcessEnd.Exited end, string? channelError)
    {
        var about = end.About ?? (channelError is { } error ? ChannelFailed(error) : null);
        var how = $"{(end.Exit.Signal == 0 ? "" : "was ")}{end.Exit}{(about is null ? "" : $" ({about})")}";
        var words = end is { Exit.Signal: 0, LastWords: { } last } ? $"; its last words: {last}" : "";
        return new(new Gone(),
            [.. Fail(state, $"it {how}{words}", responsive: false).Effects, new TellEnded(how),
                .. state is Main { Carry: not CarryStage.NotBegun } ? [new RecallCarry()] : Nothing,
                .. IsPassedOn(state) ? [new RecallCarry(), new EndCanary()] : Nothing,
                new Forget(), new Tell(new LifecycleEvent.SuccessorGone(Crashed: state is Promoted))]);
    }

    // Once: the first reason is the cause of all others. What is being ended, or is the main process, does not fail the reload.
    private static SuccessorStep Fail(Living state, string reason, bool responsive, bool drains = false)
    {
        if (state is Main or Failed or Ending) return Stay(state);
        var cut = reason.Length > MaxReasonLength ? $"{reason.AsSpan(0, MaxReasonLength)}…" : reason;
        return new(new Failed(Before(state), drains) { End = state.End },
            [.. Abandon(state), new TellFailed(new LifecycleEvent.SuccessorFailed(cut, responsive))]);
    }

    // How far it had come; that it ends is told by what is around this.
    private static Living Before(Living state) => state switch
    {
        Failed failed => failed.Was,
        Ending ending => ending.Was,
        _ => state with { End = new ProcessEnd.Unseen() },
    };

    private static SuccessorEffect[] Watch(IpsOptions options) =>
        [ArmHealth(options), new Arm(SuccessorTimer.HealthUrlDue, options.Reload.HealthInterval),
            new Arm(SuccessorTimer.WindowDue, WindowTerms.Length)];

    private static SuccessorEffect[] Unwatch(Living state) => state is OnProbation
        ? [new Cancel(SuccessorTimer.HealthOverdue), new Cancel(SuccessorTimer.HealthUrlDue), new Cancel(SuccessorTimer.WindowDue),
            new Cancel(SuccessorTimer.CanaryStep), new Cancel(SuccessorTimer.ProbationMax)]
        : Nothing;

    // It is not to be promoted.
    private static SuccessorEffect[] Abandon(Living state) =>
        [.. Unwatch(state), .. state is OnProbation { Step: > 0 } ? [new HaltCarry()] : Nothing];

    private static Arm ArmHealth(IpsOptions options) =>
        new(SuccessorTimer.HealthOverdue, options.Reload.HealthInterval * (MissedReportsAllowed + 0.5));

    private static FarewellFrame ToFrame(DrainCounts drain) =>
        new(drain.Connections, drain.AbortedRequests, drain.Requests, drain.ClosedPolitely, drain.ClosedIdle, drain.Moved,
            drain.ClosedPolitelyBy is { Count: > 0 } by ? by : null);

    private static string ChannelFailed(string error) => $"the handover channel failed: {error}";

    private static bool IsHttp(string url) =>
        Uri.TryCreate(url, UriKind.Absolute, out var parsed) && (parsed.Scheme == Uri.UriSchemeHttp || parsed.Scheme == Uri.UriSchemeHttps);

    private static SuccessorStep Stay(SuccessorState state) => new(state);

    private static readonly SuccessorEffect[] Nothing = [];
}
