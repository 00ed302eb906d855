using Akka.Actor;
using Ips.Actors.Configuration;
using Ips.Actors.Files;
using Ips.Actors.Handover;
using Ips.Actors.Lifecycle;
using Ips.Actors.Output;
using Ips.Actors.Posix;
using Ips.Actors.Transport;
using Microsoft.Extensions.Logging;

namespace Ips.Actors.Reloader;

/// <summary>Owns the successor: feeds what happens to <see cref="SuccessorMachine"/>, and performs what that decides.</summary>
/// <remarks>A restart loses nothing: state, process and pending effects live in <see cref="SuccessorSlot"/>, and a restarted actor
/// subscribes again.</remarks>
[SupportedOSPlatform("linux")]
internal sealed class ReloaderActor : UntypedActor, IWithTimers
{
    private const string NoRoom = "an older generation could not be aborted to make room";

    private readonly SuccessorSlot _slot;
    private readonly IGenerationLauncher _launcher;
    private readonly IActorRef _listeners;
    private readonly IActorRef _lifecycle;
    private readonly IpsOptions _options;
    private readonly ILogger _log;
    private readonly SuccessorSender _sender;
    private readonly SuccessorReporter _reporter;
    private readonly SuccessorCarrier _carrier;
    private ChannelEvent.Received? _arrived; // the packet that is being acted on, until its descriptors are taken

    public ReloaderActor(
        SuccessorSlot slot, IGenerationLauncher launcher, RuntimeFiles files, IActorRef listeners, IActorRef mover, IActorRef lifecycle,
        IpsOptions options, ILogger log)
    {
        (_slot, _launcher, _listeners, _lifecycle, _options, _log) = (slot, launcher, listeners, lifecycle, options, log);
        (_sender, _reporter, _carrier) = (new SuccessorSender(slot, files, options, log), new SuccessorReporter(slot, lifecycle, log),
            new SuccessorCarrier(slot, listeners, mover, log));
    }

    public ITimerScheduler Timers { get; set; } = null!;

    private ISpawnedGeneration Process => _slot.Process!; // every effect that needs it is of a state that has one

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case ReloaderOrder.ReopenOlderLogs: _slot.Older.Signal(SignalNumbers.SIGUSR1); break;
            case ReloaderOrder.SpawnSuccessor spawn: Apply(new SuccessorEvent.Ordered(spawn) { Older = _slot.Older.Alive() }); break;
            case ReloaderOrder order: Apply(new SuccessorEvent.Ordered(order)); break;
            case RoomAwaited room when IsUnderWay(room.Order): Apply(new SuccessorEvent.RoomAwaited(_slot.Older.Alive())); break;
            case Prepared prepared: OnPrepared(prepared); break;
            case FromSuccessor current when ReferenceEquals(current.Process, _slot.Process): OnChannelEvent(current.Event); break;
            case FromSuccessor late: HandoverChannel.CloseDescriptors(late.Event); break; // of a successor that is gone
            case ProcessEnded current when ReferenceEquals(current.Process, _slot.Process): OnEnded(current.Process, current.Exit); break;
            case Answered current when ReferenceEquals(current.Process, _slot.Process): Apply(current.Event); break;
            case SuccessorEvent.TimerFired timerFired: Apply(timerFired); break;
            case LeftOver: Perform([]); break; // by a restart
            case DrainingFrame drain when _slot.State is SuccessorState.Main { Facts.Version: >= HandoverVersion.DrainReports }:
                Process.Channel.TrySend(drain);
                break;
            case DrainingFrame: break; // an older build would take it for a fault
            case MoverProtocol.Carry carry: _carrier.Carry(carry); break;
            case MoverProtocol.CarryEnded: Apply(new SuccessorEvent.CarryEnded()); break;
            case SuccessorCarrier.TakenBack back: _slot.Meter?.Moved(back.Count, isReturn: true, back.SentAt); break;
            case SuccessorCarrier.IntakeFailed failed: _log.ReturnFailed(failed.Count, failed.Reason); break;
            default: Unhandled(message); break;
        }
    }

    protected override void PreStart()
    {
        if (_slot.Process is { } process) Watch(process);
        foreach (var effect in SuccessorMachine.Resume(_slot.State, _options)) Perform(effect);
        if (_slot.Pending.Count > 0) Self.Tell(new LeftOver());
    }

    private void Apply(SuccessorEvent @event)
    {
        var (state, effects) = SuccessorMachine.Next(_slot.State, @event, _options);
        _slot.State = state;
        Perform(effects);
    }

    // An effect is taken off the queue before it is performed: one that throws is left out, and the others follow after the restart.
    private void Perform(IReadOnlyList<SuccessorEffect> effects)
    {
        foreach (var effect in effects) _slot.Pending.Enqueue(effect);
        while (_slot.Pending.TryDequeue(out var effect)) Perform(effect);
    }

    private void Perform(SuccessorEffect effect)
    {
        switch (effect)
        {
            case SuccessorEffect.AwaitRoom wait: AwaitRoom(wait); break;
            case SuccessorEffect.AbortOlder abort: AbortOlder(abort); break;
            case SuccessorEffect.OfferSockets offer: OfferSockets(offer.Order); break;
            case SuccessorEffect.Launch launch: Launch(launch.Order); break;
            case SuccessorEffect.RefuseTakeover refuse: refuse.Order.TakeoverCandidate?.Refuse(refuse.Reason); break;
            case SuccessorEffect.ToSuccessor words:
                if (_sender.Send(words) is { } outcome) Apply(outcome);
                break;
            case SuccessorEffect.ToOthers report: _reporter.Tell(report); break;
            case SuccessorEffect.NoteReady ready: NoteReady(ready); break;
            case SuccessorEffect.AskHealthUrlHere:
                Ask(_slot.HealthUrl, fault => new SuccessorEvent.HealthUrlAnsweredHere(fault), _ => null);
                break;
            case SuccessorEffect.AskHealthUrl:
                Ask(_slot.JudgingUrl, fault => new SuccessorEvent.HealthUrlAnswered(fault), error => error.GetBaseException().Message);
                break;
            case SuccessorEffect.Judge judge: Judge(judge); break;
            case SuccessorEffect.WeighWindow some when _slot.Judge?.Weigh(some.Frame) is { } outdone: Apply(outdone); break;
            case SuccessorEffect.AskJudge: Apply(new SuccessorEvent.JudgeAsked(_slot.Judge?.Wants())); break;
            case SuccessorEffect.Arm arm: Arm(arm); break;
            case SuccessorEffect.Cancel cancel:
                Timers.Cancel(cancel.Timer);
                if (cancel.Timer == SuccessorTimer.WindowDue) EndJudging();
                break;
            case SuccessorEffect.Forget:
                Timers.CancelAll();
                _slot.Judge?.End();
                _slot.Forget();
                break;
            case SuccessorEffect.OfConnections connections: _carrier.Perform(connections, Self, TakeDescriptors); break;
        }
    }

    private bool IsUnderWay(ReloaderOrder.SpawnSuccessor order) => // else the reload was ended meanwhile
        (_slot.State as SuccessorState.Preparing)?.Order is { } current && ReferenceEquals(current, order);

    private void AwaitRoom(SuccessorEffect.AwaitRoom wait)
    {
        var timeout = _options.Reload.RoomTimeout;
        _log.AwaitingRoom(wait.Alive, _options.Reload.MaxGenerations, timeout.TotalSeconds);
        _slot.Older.WaitForRoomAsync(wait.Most, timeout).PipeTo(
            Self, success: () => new RoomAwaited(wait.Order), failure: error => NotPrepared(wait.Order, NoRoom, error));
    }

    private void AbortOlder(SuccessorEffect.AbortOlder abort)
    {
        foreach (var older in abort.Generations) _log.MakingRoom(older.Generation, older.Pid, _options.Reload.MaxGenerations);

        var aborted = new SuccessorEvent.OlderAborted([.. abort.Generations.Select(older => older.Generation)]);
        Task.WhenAll(abort.Generations.Select(older => _slot.Older.AbortAsync(older, _options.Reload.KillTimeout))).PipeTo(
            Self, success: () => new Prepared(abort.Order, aborted, []), failure: error => NotPrepared(abort.Order, NoRoom, error));
    }

    private static Prepared NotPrepared(ReloaderOrder.SpawnSuccessor order, string what, Exception error) =>
        new(order, new SuccessorEvent.PreparationFailed($"{what}: {error.GetBaseException().Message}"), []);

    private void OfferSockets(ReloaderOrder.SpawnSuccessor order) => OfferAsync().PipeTo(
        Self, success: offered => new Prepared(order, new SuccessorEvent.SocketsOffered(), offered.Sockets),
        failure: error => NotPrepared(order, "the listening sockets could not be handed over", error));

    private async Task<ListenerProtocol.Offered> OfferAsync()
    {
        _slot.HealthAtOffer = await _slot.OwnHealth().ConfigureAwait(false); // a successor need not wait for what fails here as well
        return await _listeners.Ask<ListenerProtocol.Offered>(new ListenerProtocol.Offer(), _options.Reload.ReadyTimeout);
    }

    private void OnPrepared(Prepared prepared)
    {
        if (!IsUnderWay(prepared.Order))
        {
            SuccessorSlot.Close(prepared.Sockets);
            return;
        }

        _slot.Hold(prepared.Sockets);
        Apply(prepared.Event);
    }

    private void Launch(ReloaderOrder.SpawnSuccessor order)
    {
        try
        {
            // Before the launch: what takes its place in this moment may be launched in vain later, but is never overlooked.
            if (!order.Takeover && _launcher.InPlace(order.Folder) is { } release)
            {
                _lifecycle.Tell(new LifecycleEvent.LaunchBegan(release));
            }

            _slot.Begin(order.TakeoverCandidate ?? _launcher.Launch(order.Generation, order.Folder), order.Generation);
        }
        catch (IOException e)
        {
            _slot.CloseSockets();
            _log.SpawnFailed(order.Generation, e.Message);
            Apply(new SuccessorEvent.LaunchFailed($"it could not be spawned: {e.Message}"));
            return;
        }

        if (!order.DryRun) _slot.Judge?.Begin();
        Watch(Process);
        Apply(new SuccessorEvent.Launched());
    }

    private void Watch(ISpawnedGeneration process)
    {
        var self = Self;
        process.Channel.Subscribe(channelEvent => self.Tell(new FromSuccessor(process, channelEvent)));
        process.Exited.PipeTo(self, success: exit => new ProcessEnded(process, exit));
    }

    // Whatever a successor says must cost nobody but itself.
    private void OnChannelEvent(ChannelEvent channelEvent)
    {
        if (channelEvent is not ChannelEvent.Received received)
        {
            Apply(new SuccessorEvent.ChannelClosed(((ChannelEvent.Closed)channelEvent).Error));
            return;
        }

        _arrived = received;
        if (received.Frame is HealthFrame report) _slot.Report = report;
        try
        {
            Apply(new SuccessorEvent.Received(received.Frame));
        }
        catch (Exception e) when (e is not ActorKilledException)
        {
            _slot.Pending.Clear(); // what would follow from it
            _log.FrameFailed(e, received.Frame.GetType().Name, _slot.Generation);
            Apply(new SuccessorEvent.Faulted($"what it said could not be acted on: {e.GetBaseException().Message}"));
        }
        finally
        {
            if (_arrived is not null) HandoverChannel.CloseDescriptors(received);
            _arrived = null;
        }
    }

    private void OnEnded(ISpawnedGeneration process, ProcessExit exit)
    {
        var words = exit is { Signal: 0 } ? OutputTail.LastWords(process.Output?.Sync() ?? []) : null;
        Apply(new SuccessorEvent.Exited(new ProcessEnd.Exited(exit, process.Explain(exit), words)));
    }

    private void Ask(IHealthUrl? url, Func<string?, SuccessorEvent> answered, Func<Exception, string?> failed)
    {
        var process = Process;
        url?.AskAsync().PipeTo(
            Self,
            success: fault => new Answered(process, answered(fault)),
            failure: error => new Answered(process, answered(failed(error))));
    }

    private void Judge(SuccessorEffect.Judge judge)
    {
        var process = Process;
        _slot.OwnHealth().PipeTo(Self, success: Answer, failure: _ => Answer(ProbeResult.Healthy)); // not known here: it counts

        Answered Answer(ProbeResult own) => new(process, new SuccessorEvent.Judged(judge.Failing, own.Failing, judge.Report));
    }

    // Ahead of the word that the probation has passed or failed: the receipt has the table.
    private void EndJudging()
    {
        if (_slot.Judge?.Report is { } judgement) _lifecycle.Tell(new LifecycleProtocol.SuccessorJudged(judgement));
        _slot.Judge?.End();
    }

    private void Arm(SuccessorEffect.Arm arm)
    {
        var fired = new SuccessorEvent.TimerFired(arm.Timer);
        if (arm.Timer == SuccessorTimer.WindowDue)
        {
            if (_slot.Judge is { } judge) Timers.StartPeriodicTimer(arm.Timer, fired, judge.UntilNext, arm.After);
        }
        else if (arm.Timer != SuccessorTimer.HealthUrlDue) Timers.StartSingleTimer(arm.Timer, fired, arm.After);
        else if (_slot.JudgingUrl is not null) Timers.StartPeriodicTimer(arm.Timer, fired, arm.After);
    }

    private void NoteReady(SuccessorEffect.NoteReady ready)
    {
        (_slot.Endpoints, _slot.Accepts, _slot.SuccessorTakesTunnels) =
            (KeysOf(ready.Frame.Endpoints), KeysOf(ready.Frame.Accepts), ready.Frame.Tunnels);
        if (ready.OwnUrl && _slot.MakeHealthUrl is { } make)
        {
            _slot.JudgingUrl = ready.Frame.HealthUrl is { Length: > 0 } url ? make(new Uri(url)) : null;
        }
    }

    private static HashSet<EndpointKey> KeysOf(IReadOnlyList<EndpointOffer>? offers) =>
        (offers ?? []).Select(offer => new EndpointKey(offer.Endpoint, offer.Ordinal)).ToHashSet();

    // Of the packet that is being acted on: who takes them closes them.
    private IReadOnlyList<int> TakeDescriptors()
    {
        var fds = _arrived!.Fds;
        _arrived = null;
        return fds;
    }

    private sealed record FromSuccessor(ISpawnedGeneration Process, ChannelEvent Event);

    private sealed record ProcessEnded(ISpawnedGeneration Process, ProcessExit Exit);

    private sealed record Answered(ISpawnedGeneration Process, SuccessorEvent Event);

    private sealed record RoomAwaited(ReloaderOrder.SpawnSuccessor Order);

    private sealed record Prepared(ReloaderOrder.SpawnSuccessor Order, SuccessorEvent Event, IReadOnlyList<OfferedSocket> Sockets);

    private sealed record LeftOver;
}
