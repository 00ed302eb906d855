using Akka.Actor;
using Ips.Actors.Diagnostics;
using Ips.Actors.Lifecycle;
using Ips.Actors.Transport;
using Microsoft.Extensions.Logging;

namespace Ips.Actors.HttpFront;

/// <summary>Owns the app's side of the lifecycle: readiness, health, role, the polite close and the way out of its connections.</summary>
/// <remarks>A restart loses nothing but a check under way, which is begun again: connections, state and role outlive it.</remarks>
[SupportedOSPlatform("linux")]
internal sealed class HttpFrontActor : UntypedActor, IWithTimers
{
    private static readonly TimeSpan WarmupTimeout = TimeSpan.FromMinutes(2); // it has a limit of its own
    private static readonly TimeSpan RecheckInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan DrainReportInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan IntakeTimeout = TimeSpan.FromSeconds(5);

    private readonly FrontState _state;
    private readonly ConnectionRegistry _connections;
    private readonly GenerationRole _role;
    private readonly IWarmup _warmup;
    private readonly IHealthProbe _health;
    private readonly IActorRef _mover;
    private readonly IActorRef _lifecycle;
    private readonly ILogger _log;
    private readonly TimeProvider _time;
    private RequestLatency.Watch? _probation; // measures requests, for the predecessor's reports
    private bool _warmed;
    private bool _toldReady;
    private bool _toldWaiting;
    private bool _awaitingEmpty;
    private int _rolesTaken;
    private TimeSpan? _guestsLimit; // asked for before the drain began

    public HttpFrontActor(
        FrontState state, ConnectionRegistry connections, GenerationRole role, IWarmup warmup, IHealthProbe health, IActorRef mover,
        IActorRef lifecycle, ILogger log)
        : this(state, connections, role, warmup, health, mover, lifecycle, log, TimeProvider.System)
    {
    }

    /// <param name="state">For the request path.</param>
    /// <param name="connections">What is open.</param>
    /// <param name="role">The app's handlers.</param>
    /// <param name="warmup">Comes before the first check.</param>
    /// <param name="health">The app's own word.</param>
    /// <param name="mover">MoverActor.</param>
    /// <param name="lifecycle">LifecycleActor.</param>
    /// <param name="log">For the log.</param>
    /// <param name="time">The clock of the health checks' deadline.</param>
    public HttpFrontActor(
        FrontState state, ConnectionRegistry connections, GenerationRole role, IWarmup warmup, IHealthProbe health, IActorRef mover,
        IActorRef lifecycle, ILogger log, TimeProvider time)
    {
        (_state, _connections, _role, _warmup, _health, _mover, _lifecycle, _log, _time) =
            (state, connections, role, warmup, health, mover, lifecycle, log, time);
    }

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case HttpFrontProtocol.HostStarted: OnHostStarted(); break;
            case Warmed warmed: OnWarmed(warmed); break;
            case HttpFrontProtocol.PredecessorLost: OnPredecessorLost(); break;
            case Readiness readiness: OnReadiness(readiness); break;
            case HttpFrontProtocol.GetHealth getHealth: OnGetHealth(getHealth); break;
            case HealthAsked healthAsked: OnHealthAsked(healthAsked); break;
            case FrontOrder.FailReadiness: _state.Ready = false; break;
            case HttpFrontProtocol.SetPaused set:
                _state.Paused = set.Paused;
                Sender.Tell(new LifecycleProtocol.PauseReply(null));
                break;
            case FrontOrder.AnnounceServing: OnServing(); break;
            case FrontOrder.TakeRole: OnTakeRole(); break;
            case FrontOrder.YieldRole: OnYieldRole(); break;
            case Yielded yielded when yielded.RolesTaken == _rolesTaken: _lifecycle.Tell(new LifecycleEvent.RoleYielded()); break;
            case Yielded: break; // the role was taken back meanwhile
            case FrontOrder.BeginDrain beginDrain: OnBeginDrain(beginDrain); break;
            case FrontOrder.AwaitGuests awaitGuests: OnAwaitGuests(awaitGuests); break;
            case GuestsGone: _lifecycle.Tell(new LifecycleEvent.GuestsLeft()); break;
            case MoverProtocol.Flushed: OnFlushed(); break;
            case IntakeClosed intakeClosed: OnIntakeClosed(intakeClosed); break;
            case Emptied:
                _awaitingEmpty = false;
                _mover.Tell(new MoverProtocol.Flush());
                break;
            case FrontOrder.AbortConnections: OnAbort(); break;
            case HttpFrontProtocol.GetLoad: OnGetLoad(); break;
            case DrainReportDue: ReportDrain(); break;
            default: Unhandled(message); break;
        }
    }

    protected override void PreStart()
    {
        if (_state.HostStarted)
        {
            Self.Tell(new HttpFrontProtocol.HostStarted()); // the check under way was lost with the actor before
        }
    }

    private void OnHostStarted()
    {
        _state.HostStarted = true;
        WarmAsync().PipeTo(Self, success: fault => new Warmed(fault));
    }

    private void OnWarmed(Warmed warmed)
    {
        _warmed = true;
        if (_state.Terms is null) BeReady(failing: null); // the checks may take long, and nobody else serves meanwhile
        if (warmed.Fault is { } fault) OnReadiness(new Readiness(ProbeResult.Of(fault)));
        else CheckAsync(CheckLimit).PipeTo(Self, success: result => new Readiness(result));
    }

    private void OnPredecessorLost()
    {
        _state.Terms = null;
        if (_warmed) BeReady(failing: null);
    }

    private void OnGetHealth(HttpFrontProtocol.GetHealth get)
    {
        var replyTo = Sender;
        CheckAsync(get.Limit).PipeTo(Self, success: result => new HealthAsked(replyTo, result));
    }

    // One that takes longer is waited for as well: the next check joins it.
    private TimeSpan CheckLimit => _state.Terms is { Left: var left } && left < HealthCheckProbe.ReadinessLimit
        ? left > RecheckInterval ? left : RecheckInterval : HealthCheckProbe.ReadinessLimit;

    private async Task<string?> WarmAsync()
    {
        using var deadline = new CancellationTokenSource(WarmupTimeout, _time);
        var startedAt = _time.GetUtcNow();
        var fault = await _warmup.WarmAsync(deadline.Token).ConfigureAwait(false);
        if (_state.Trace != default) IpsActivity.Emit("ips.generation.warm_up", _state.Trace, startedAt, _time.GetUtcNow(), fault);
        return fault;
    }

    private async Task<ProbeResult> CheckAsync(TimeSpan patience)
    {
        using var deadline = new CancellationTokenSource(patience, _time);
        try
        {
            return await _health.CheckAsync(deadline.Token).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            // The app's own code: any failure is an answer.
            return ProbeResult.Of($"the health checks failed: {e.GetBaseException().Message}");
        }
    }

    // The predecessor judges failing checks by name: it does not blame this release for what fails there as well.
    private void OnReadiness(Readiness readiness)
    {
        var result = readiness.Result;
        if (_state.Terms is not { } terms)
        {
            if (result.Reason is { } reason) _log.ServesUnhealthy(reason);
            BeReady(failing: null);
        }
        else if (result.Reason is not { } unready || terms.Excuses(result))
        {
            BeReady(result.FailingForJudge);
        }
        else if (terms.Left > RecheckInterval)
        {
            if (!_toldWaiting) _log.AwaitingHealth(terms.Left.TotalSeconds, unready);
            _toldWaiting = true;
            Timers.StartSingleTimer(nameof(HttpFrontProtocol.HostStarted), new HttpFrontProtocol.HostStarted(), RecheckInterval);
        }
        else if (terms.Judged && result.FailingForJudge is { } failing)
        {
            BeReady(failing);
        }
        else
        {
            _log.FrontFailed(unready);
            _lifecycle.Tell(new LifecycleEvent.FrontFailed(unready));
        }
    }

    private void BeReady(IReadOnlyDictionary<string, string>? failing)
    {
        if (_toldReady) return;
        _toldReady = true;
        _state.BecomeReady(); // before anybody can connect: the first client may be a load balancer's look at readiness
        _log.FrontReady();
        _lifecycle.Tell(new LifecycleEvent.FrontReady(failing));
    }

    private void OnHealthAsked(HealthAsked asked) => asked.ReplyTo.Tell(
        new HttpFrontProtocol.Health(asked.Result.Reason is null, asked.Result.Reason, _state.Requests, _state.Errors)
        {
            Failing = asked.Result.FailingForJudge,
            Load = RequestLatency.Report(_connections.Open, _connections.Busy, _probation),
        });

    private void OnGetLoad() => Sender.Tell(
        new HttpFrontProtocol.Load(_connections.Open, _connections.Busy, _state.Requests, _state.Errors)
        {
            Waiting = _state.Draining ? _connections.ByKind() : null,
        });

    private void ReportDrain() => _lifecycle.Tell(new LifecycleProtocol.DrainProgress(_connections.ByKind()));

    private void OnServing()
    {
        _state.Ready = true;
        if (_state.Terms is not null) _probation ??= _state.Latency?.Begin(); // nobody judges a first generation
        _role.ServeAsync();
    }

    private void OnTakeRole()
    {
        _rolesTaken++;
        _probation?.Dispose();
        _probation = null;
        _state.AcceptAsMain(true);
        _role.PromoteAsync();
    }

    // Slow handlers may end in a later reload, which must not take that for its own answer.
    private void OnYieldRole()
    {
        _state.AcceptAsMain(false); // before the successor is told that it is the main process
        var rolesTaken = _rolesTaken;
        _role.DrainAsync().PipeTo(Self, success: () => new Yielded(rolesTaken));
    }

    private void OnBeginDrain(FrontOrder.BeginDrain drain)
    {
        var relays = drain.Way is MoveWay.Successor;
        _state.Ready = false;
        if (!_state.Draining)
        {
            _state.Ending = drain.Way is MoveWay.None;
            _state.Move.Moving = drain.Way is not MoveWay.None; // first, so that no response says close to a connection that can leave
            _state.Draining = true;
            _state.BeginCount(_connections.Open);
        }

        if (relays) Timers.StartPeriodicTimer(nameof(DrainReportDue), new DrainReportDue(), DrainReportInterval, DrainReportInterval);

        WatchGuests();
        _role.DrainAsync();
        // An older generation may be about to move connections here. What is busy there passes through, as long as this drain lasts; in a
        // stop nothing may follow.
        var closed = CloseIntakeAsync(relays);
        if (!_awaitingEmpty)
        {
            _awaitingEmpty = true;
            (relays ? closed : closed.WaitAsync(IntakeTimeout, _time)).PipeTo(
                Self, success: () => new IntakeClosed(null), failure: error => new IntakeClosed(error.GetBaseException().Message));
        }
    }

    private void OnAwaitGuests(FrontOrder.AwaitGuests guests)
    {
        _guestsLimit = guests.Limit;
        if (_state.Draining) WatchGuests();
    }

    private void WatchGuests()
    {
        if (_guestsLimit is not { } limit) return;
        _guestsLimit = null;
        _state.Guests.WhenNone().WaitAsync(limit, _time).PipeTo(Self, success: () => new GuestsGone(), failure: _ => new GuestsGone());
    }

    // Adopted is not yet asked to move on: that is who Kestrel has taken.
    private async Task CloseIntakeAsync(bool finish)
    {
        await _state.CloseIntake(finish).ConfigureAwait(false);
        await _connections.WhenNoneWaits().ConfigureAwait(false);
    }

    // What moved has left this process, but may be on its way yet.
    private void OnIntakeClosed(IntakeClosed closed)
    {
        if (closed.Fault is { } fault)
        {
            _log.IntakeOpen(fault);
        }

        _mover.Tell(new MoverProtocol.IntakeClosed());
        _connections.WhenEmpty().PipeTo(Self, success: () => new Emptied());
    }

    private void OnFlushed()
    {
        if (_connections.Open > 0)
        {
            _connections.WhenEmpty().PipeTo(Self, success: () => new Emptied()); // some of those on their way came back
            return;
        }

        _log.Drained();
        _lifecycle.Tell(new LifecycleEvent.ConnectionsDrained(0) { Counts = _state.CountDrain(cut: 0, left: 0, idle: 0) });
    }

    private void OnAbort()
    {
        // What waits for another generation, which does not take it, ends with this process.
        var open = _connections.Open + _state.Move.OnTheWay;
        var idle = Math.Max(0, open - _connections.Busy);
        var cut = _connections.AbortBusy("The drain deadline of this generation has come.");
        if (open > 0)
        {
            _log.Aborted(cut, idle);
        }

        _lifecycle.Tell(new LifecycleEvent.ConnectionsDrained(cut) { Counts = _state.CountDrain(cut, open, idle) });
    }

    private sealed record Warmed(string? Fault);

    private sealed record Readiness(ProbeResult Result);

    private sealed record HealthAsked(IActorRef ReplyTo, ProbeResult Result);

    private sealed record DrainReportDue;

    private sealed record Emptied;

    private sealed record GuestsGone;

    private sealed record IntakeClosed(string? Fault);

    private sealed record Yielded(int RolesTaken);
}
