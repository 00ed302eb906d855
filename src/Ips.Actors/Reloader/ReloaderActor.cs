using Akka.Actor;
using Ips.Actors.Configuration;
using Ips.Actors.Control;
using Ips.Actors.Handover;
using Ips.Actors.Lifecycle;
using Ips.Actors.Listener;
using Ips.Actors.Posix;
using Ips.Actors.Transport;
using Microsoft.Extensions.Logging;

namespace Ips.Actors.Reloader;

/// <summary>Owns the successor: spawns it, speaks with it over the handover channel, watches its health and its death, ends it.</summary>
/// <remarks>A restart loses nothing: process and channel live in <see cref="SuccessorSlot"/>, and a restarted actor subscribes again.</remarks>
internal sealed class ReloaderActor : ReceiveActor, IWithTimers
{
    private const int MissedReportsAllowed = 3;
    private const int HealthUrlFailuresAllowed = 3;
    private const int ReceiptsInAPacket = 8;
    private const string SocketsNotHandedOver = "the listening sockets could not be handed over";
    private const int MaxReasonLength = 1000; // of a successor's own words: they go into packets, receipts and the log
    private static readonly TimeSpan CloseWithoutExit = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan DrainMargin = TimeSpan.FromSeconds(2);

    private readonly SuccessorSlot _slot;
    private readonly IGenerationLauncher _launcher;
    private readonly Identity _identity;
    private readonly IActorRef _listeners;
    private readonly IActorRef _mover;
    private readonly IActorRef _lifecycle;
    private readonly IpsOptions _options;
    private readonly ILogger _log;

    public ReloaderActor(
        SuccessorSlot slot, IGenerationLauncher launcher, Identity identity, IActorRef listeners, IActorRef mover, IActorRef lifecycle, IpsOptions options,
        ILogger log)
    {
        (_slot, _launcher, _identity, _listeners, _mover, _lifecycle, _options, _log) =
            (slot, launcher, identity, listeners, mover, lifecycle, options, log);
        Receive<ReloaderProtocol.Spawn>(OnSpawn);
        Receive<FromSuccessor>(m => ReferenceEquals(m.Process, _slot.Process), OnChannelEvent);
        Receive<FromSuccessor>(late => HandoverChannel.CloseDescriptors(late.Event)); // of a successor that is gone
        Receive<SuccessorExited>(m => ReferenceEquals(m.Process, _slot.Process), OnExited);
        Receive<ReloaderProtocol.SendServe>(_ => OnSendServe());
        Receive<ReloaderProtocol.SendPromote>(OnSendPromote);
        Receive<ReloaderProtocol.SendHistory>(send => SendHistory(send.Receipts));
        Receive<RoomAwaited>(OnRoomAwaited);
        Receive<RoomMade>(OnRoomMade);
        Receive<Prepared>(OnPrepared);
        Receive<HealthUrlDue>(_ => OnHealthUrlDue());
        Receive<HealthUrlAnswered>(m => ReferenceEquals(m.Process, _slot.Process), OnHealthUrlAnswered);
        Receive<ReloaderProtocol.EndSuccessor>(OnEnd);
        Receive<ReloaderProtocol.MoveConnections>(_ => OnMoveConnections());
        Receive<MoverProtocol.Carry>(OnCarry);
        Receive<MoverProtocol.CarryEnded>(_ =>
        {
            _slot.CarryEnded = true;
            SayLeftIfDone();
        });
        Receive<ListenerProtocol.Adopted>(_ => { }); // of those that it gave back
        Receive<IntakeFailed>(failed => _log.ReturnFailed(failed.Count, failed.Reason));
        Receive<ReloaderProtocol.ReopenOlderLogs>(_ => _slot.Older.Signal(SignalNumbers.SIGUSR1));
        Receive<ReloaderProtocol.KillSuccessor>(_ => OnKill());
        Receive<Escalate>(_ => OnEscalate());
        Receive<HealthOverdue>(_ => ReportFailure(
            $"it sent no health report for {MissedReportsAllowed} intervals of {_options.Reload.HealthInterval.TotalSeconds:0.###} s", responsive: false));
        Receive<ClosedWithoutExit>(_ => OnClosedWithoutExit());
        Receive<ExitWithoutClose>(_ => OnExitWithoutClose());
        Receive<ReloaderProtocol.SendFarewell>(OnSendFarewell);
    }

    /// <inheritdoc/>
    public ITimerScheduler Timers { get; set; } = null!;

    /// <inheritdoc/>
    protected override void PreStart()
    {
        if (_slot.Process is { } process)
        {
            Watch(process);
            if (_slot.Serving)
            {
                ArmHealthTimer();
                BeginHealthUrl();
            }
        }
    }

    private void OnSpawn(ReloaderProtocol.Spawn spawn)
    {
        if (_slot.Process is not null || _slot.Preparing is not null || (spawn.Again && _slot.GoneTold))
        {
            return; // asked again after a restart: it is there or about to be, or its end is known already
        }

        _slot.GoneTold = false;
        var older = _slot.Older.Alive();
        var plan = PlanRoom(spawn, older);
        _slot.Preparing = spawn;
        if (plan.TooMany == 0)
        {
            PrepareSockets(spawn);
            return;
        }

        _log.AwaitingRoom(older.Count, _options.Reload.MaxGenerations, _options.Reload.RoomTimeout.TotalSeconds);
        _slot.Older.WaitForRoomAsync(older.Count - plan.TooMany, _options.Reload.RoomTimeout).PipeTo(
            Self,
            success: () => new RoomAwaited(spawn),
            failure: error => new RoomMade(spawn, [], error.GetBaseException().Message));
    }

    private void OnRoomAwaited(RoomAwaited awaited)
    {
        if (!ReferenceEquals(_slot.Preparing, awaited.Spawn))
        {
            return; // the reload was ended meanwhile
        }

        var plan = PlanRoom(awaited.Spawn, _slot.Older.Alive());
        if (plan.ToAbort.Count > 0)
        {
            foreach (var generation in plan.ToAbort)
            {
                _log.MakingRoom(generation.Generation, generation.Pid, _options.Reload.MaxGenerations);
            }

            Task.WhenAll(plan.ToAbort.Select(generation => _slot.Older.AbortAsync(generation, _options.Reload.KillTimeout))).PipeTo(
                Self,
                success: () => new RoomMade(awaited.Spawn, plan.ToAbort, null),
                failure: error => new RoomMade(awaited.Spawn, plan.ToAbort, error.GetBaseException().Message));
            return;
        }

        if (plan.Refusal is { } refusal)
        {
            CannotBegin(awaited.Spawn, refusal);
        }
        else
        {
            PrepareSockets(awaited.Spawn);
        }
    }

    private RoomPlan PlanRoom(ReloaderProtocol.Spawn spawn, IReadOnlyList<GenerationEntry> older) =>
        GenerationRoom.Plan(older, spawn.Generation - 1, spawn.DryRun, _options.Reload);

    private void OnRoomMade(RoomMade made)
    {
        if (!ReferenceEquals(_slot.Preparing, made.Spawn))
        {
            return; // the reload was ended meanwhile
        }

        if (made.Failure is { } failure)
        {
            CannotBegin(made.Spawn, $"an older generation could not be aborted to make room: {failure}");
            return;
        }

        _lifecycle.Tell(new ReloaderProtocol.GenerationsAborted([.. made.Aborted.Select(generation => generation.Generation)]));
        PrepareSockets(made.Spawn);
    }

    private void PrepareSockets(ReloaderProtocol.Spawn spawn) =>
        _listeners.Ask<ListenerProtocol.Offered>(new ListenerProtocol.Offer(), _options.Reload.ReadyTimeout).PipeTo(
            Self,
            success: offered => new Prepared(spawn, offered.Sockets, null),
            failure: error => new Prepared(spawn, [], error.GetBaseException().Message));

    private void OnPrepared(Prepared prepared)
    {
        if (!ReferenceEquals(_slot.Preparing, prepared.Spawn))
        {
            SuccessorSlot.Close(prepared.Sockets); // the reload was ended meanwhile
        }
        else if (prepared.Failure is { } failure)
        {
            CannotBegin(prepared.Spawn, $"{SocketsNotHandedOver}: {failure}");
        }
        else
        {
            _slot.Preparing = null;
            Launch(prepared.Spawn, prepared.Sockets);
        }
    }

    private void CannotBegin(ReloaderProtocol.Spawn spawn, string reason)
    {
        _slot.Preparing = null;
        spawn.Invited?.Refuse(reason);
        _lifecycle.Tell(new LifecycleEvent.SuccessorFailed(reason, Responsive: false));
    }

    private void Launch(ReloaderProtocol.Spawn spawn, IReadOnlyList<OfferedSocket> sockets)
    {
        if (spawn.Invited is { } invited)
        {
            _slot.Begin(invited, spawn.Generation, sockets);
            _log.Invited(spawn.Generation, invited.Pid);
            Watch(invited);
            Progress("invited");
            return;
        }

        try
        {
            var process = _launcher.Launch(spawn.Generation);
            _slot.Begin(process, spawn.Generation, sockets);
            SendWelcome(HandoverVersion.AheadOfHello); // if this process dies before it has read hello, nobody who connects is refused
            _log.Spawned(spawn.Generation, process.Pid);
            Watch(process);
            Progress("spawned");
        }
        catch (IOException e)
        {
            SuccessorSlot.Close(sockets);
            _log.SpawnFailed(spawn.Generation, e.Message);
            _lifecycle.Tell(new LifecycleEvent.SuccessorFailed($"it could not be spawned: {e.Message}", Responsive: false));
        }
    }

    private void Watch(ISpawnedGeneration process)
    {
        var self = Self;
        process.Channel.Subscribe(channelEvent => self.Tell(new FromSuccessor(process, channelEvent)));
        process.Exited.PipeTo(self, success: exit => new SuccessorExited(process, exit));
    }

    private void OnChannelEvent(FromSuccessor message)
    {
        if (message.Event is ChannelEvent.Closed closed)
        {
            _slot.ChannelClosed = true;
            _slot.ChannelError = closed.Error is { } error ? $"the handover channel failed: {error}" : null;
            if (_slot.Exit is null)
            {
                // The exit status explains the close; it follows at once, unless the process lives on.
                Timers.StartSingleTimer(nameof(ClosedWithoutExit), new ClosedWithoutExit(), CloseWithoutExit);
            }

            Settle();
            return;
        }

        var received = (ChannelEvent.Received)message.Event;
        if (received.Frame is ConnectionsFrame connections)
        {
            OnReturned(connections, received.Fds);
            return;
        }

        HandoverChannel.CloseDescriptors(received); // no other frame of a successor carries any
        switch (received.Frame)
        {
            case HelloFrame hello when !_slot.Welcomed:
                OnHello(hello);
                break;
            case ReadyFrame ready when _slot.Welcomed:
                _slot.Endpoints = (ready.Endpoints ?? []).Select(offer => new EndpointKey(offer.Endpoint, offer.Ordinal)).ToHashSet();
                _log.Ready(_slot.Generation, _slot.Process!.Pid);
                Progress("ready");
                _lifecycle.Tell(new LifecycleEvent.SuccessorReady());
                break;
            case HealthFrame health when _slot.Serving:
                OnHealth(health);
                break;
            case PromotedFrame when _slot.PromoteSent:
                _slot.Promoted = true;
                Timers.Cancel(nameof(HealthOverdue));
                Timers.Cancel(nameof(HealthUrlDue));
                _lifecycle.Tell(new LifecycleEvent.PromotionAcknowledged());
                break;
            case AdoptedFrame adopted when _slot.Courier is { } courier:
                _slot.Mover?.Tell(new MoverProtocol.Delivered(courier.Acknowledge(adopted.Count)));
                SayLeftIfDone();
                break;
            case DeclinedFrame declined when _slot is { Courier: { } courier, Mover: { } mover }:
                ReturningConnections.TakeBack(courier.Decline(declined.Packet), UnmovableReason.Declined, mover, _listeners);
                SayLeftIfDone();
                break;
            case LeavingFrame leaving:
                OnLeaving(leaving.Finish ?? false);
                break;
            case FailedFrame failed:
                ReportFailure(failed.Reason, responsive: true);
                break;
            default:
                _log.Unexpected(received.Frame.GetType().Name, _slot.Generation);
                break;
        }
    }

    private void OnHello(HelloFrame hello)
    {
        _slot.Release = hello.Release;
        if (HandoverVersion.Choose(hello) is not { } version)
        {
            var reason = $"it speaks handover versions {hello.Min} to {hello.Max}, this generation {HandoverVersion.Min} to {HandoverVersion.Max}";
            _log.Refused(_slot.Generation, hello.Pid, reason);
            _slot.Process!.Channel.TrySend(new RefusedFrame(reason));
            ReportFailure(reason, responsive: false);
            return;
        }

        Progress("hello");
        _log.Hello(_slot.Generation, hello.Pid, hello.Release, _slot.Sockets.Count, version);
        _slot.Welcomed = true;
        SendWelcome(version);
        _slot.CloseSockets();
    }

    private void SendWelcome(int version)
    {
        try
        {
            var sockets = _slot.Sockets;
            List<int> fds = [.. sockets.Select(socket => socket.Fd)];
            if (_identity.LockFd is { } lockFd)
            {
                fds.Add(lockFd);
            }

            if (_identity.ControlFd is { } controlFd)
            {
                fds.Add(controlFd);
            }

            if (fds.Count > FdPassing.MaxDescriptors)
            {
                throw new IOException(
                    $"they are {sockets.Count}, and {FdPassing.MaxDescriptors - (fds.Count - sockets.Count)} fit the packet that hands them over; listen on fewer addresses (ips.urls)");
            }

            _slot.Process!.Channel.TrySend(
                new WelcomeFrame(
                    version, _slot.Generation, [.. sockets.Select(s => new EndpointOffer(s.Endpoint, s.Ordinal, s.External))],
                    _identity.LockFd is not null, _identity.ControlFd is not null, (long)_options.Reload.HealthInterval.TotalMilliseconds,
                    OlderGenerations.WithSelf(_slot.Older.Alive(), _slot.Generation - 1), _slot.Paused()),
                [.. fds]);
        }
        catch (IOException e) // EMFILE, or too many to hand over
        {
            ReportFailure($"{SocketsNotHandedOver}: {e.Message}", responsive: false);
        }
    }

    private void OnSendServe()
    {
        _slot.ServesTold = false; // asked again: whoever asks has not heard
        if (_slot.Process?.Channel.TrySend(new ServeFrame()) == true && !_slot.Serving)
        {
            _slot.Serving = true;
            Progress("serving");
            ArmHealthTimer();
            BeginHealthUrl();
        }
    }

    // What it writes is its own from here on; before, it came through us.
    private void OnSendPromote(ReloaderProtocol.SendPromote promote)
    {
        if (_slot.Process is { } process)
        {
            SendHistory(promote.History ?? []);
            _slot.PromoteSent = true;
            var pending = process.Output?.HandOver();
            process.Channel.TrySend(new PromoteFrame(NullIfEmpty(pending?.Output), NullIfEmpty(pending?.Error)));
        }

        static byte[]? NullIfEmpty(byte[]? bytes) => bytes is { Length: > 0 } ? bytes : null;
    }

    private void SendHistory(IReadOnlyList<ReloadReceipt> receipts)
    {
        foreach (var batch in receipts.Select(ReloadHistory.Pack).Chunk(ReceiptsInAPacket))
        {
            _slot.Process?.Channel.TrySend(new HistoryFrame(batch));
        }
    }

    private void OnSendFarewell(ReloaderProtocol.SendFarewell farewell)
    {
        var drain = farewell.Counts ?? new DrainCounts(0, 0, 0, farewell.Aborted, 0);
        _slot.Process?.Channel.TrySend(
            new FarewellFrame(drain.Connections, drain.AbortedRequests, drain.Requests, drain.ClosedPolitely, drain.ClosedIdle, drain.Moved));
    }

    private void BeginHealthUrl()
    {
        if (_slot.HealthUrl is not null)
        {
            Timers.StartPeriodicTimer(nameof(HealthUrlDue), new HealthUrlDue(), _options.Reload.HealthInterval);
        }
    }

    private void OnHealthUrlDue()
    {
        if (_slot is { HealthUrl: { } url, Process: { } process, Promoted: false })
        {
            url.AskAsync().PipeTo(
                Self,
                success: fault => new HealthUrlAnswered(process, fault),
                failure: error => new HealthUrlAnswered(process, error.GetBaseException().Message));
        }
    }

    private void OnHealthUrlAnswered(HealthUrlAnswered answer)
    {
        _slot.HealthUrlFailures = answer.Fault is null ? 0 : _slot.HealthUrlFailures + 1;
        if (_slot.HealthUrlFailures >= HealthUrlFailuresAllowed && _slot.Serving)
        {
            ReportFailure(
                $"the health URL {_options.Reload.HealthUrl} (ips.reload.health-url) failed {_slot.HealthUrlFailures} times in a row: {answer.Fault}",
                responsive: true);
        }
    }

    private void TellOutput()
    {
        if (_slot.Process?.Output?.Sync() is { Count: > 0 } lines)
        {
            _lifecycle.Tell(new ReloaderProtocol.SuccessorOutput(lines));
        }
    }

    private void OnMoveConnections()
    {
        if (_slot.Process is null || _slot.ChannelClosed || _slot is { Leaving: true, Mover: null })
        {
            _mover.Tell(new MoverProtocol.CarrierLost(0));
            return;
        }

        _slot.Mover = _mover;
        _mover.Tell(new MoverProtocol.Begin(Self, _slot.Endpoints));
    }

    // It hands over itself, or stops, and waits for what comes from here.
    private void OnLeaving(bool finish)
    {
        _slot.Leaving = true;
        _lifecycle.Tell(new LifecycleEvent.SuccessorLeaving());
        if (_slot.Mover is { } mover)
        {
            mover.Tell(new MoverProtocol.CarrierLeaving(finish));
        }
        else
        {
            _slot.CarryEnded = true; // nothing has begun to move
            SayLeftIfDone();
        }
    }

    private void SayLeftIfDone()
    {
        if (_slot is { Leaving: true, CarryEnded: true, Process: { } process, Courier.HasSentAll: true })
        {
            process.Channel.TrySend(new LeftFrame()); // said again if asked again: it costs nothing
        }
    }

    private void OnCarry(MoverProtocol.Carry carry)
    {
        if (_slot.Courier is { IsBroken: false } courier)
        {
            courier.Send(carry.Connections);
        }
        else
        {
            ReturningConnections.TakeBack(carry.Connections, UnmovableReason.CarrierGone, Sender, _listeners);
        }
    }

    // A rollback: the successor gives back what it has.
    private void OnReturned(ConnectionsFrame frame, IReadOnlyList<int> fds)
    {
        _slot.ConnectionPackets++;
        if (ConnectionIntake.Take(frame, fds) is not { } connections)
        {
            _slot.Process?.Channel.TrySend(new DeclinedFrame(_slot.ConnectionPackets));
            ReportFailure($"it sent {frame.Connections.Count} connections with {fds.Count} descriptors", responsive: false);
            return;
        }

        ConnectionIntake.AdoptAsync(connections, _slot.Process!.Channel, _listeners)
            .PipeTo(Self, failure: error => new IntakeFailed(connections.Count, error.GetBaseException().Message));
    }

    private void OnHealth(HealthFrame health)
    {
        if (HealthJudge.Fault(health, _options.Reload) is { } fault)
        {
            ReportFailure(fault, responsive: true);
        }
        else
        {
            ArmHealthTimer();
            if (!_slot.ServesTold)
            {
                _slot.ServesTold = true;
                _lifecycle.Tell(new LifecycleEvent.SuccessorServes());
            }
        }
    }

    private void ArmHealthTimer() =>
        Timers.StartSingleTimer(nameof(HealthOverdue), new HealthOverdue(), _options.Reload.HealthInterval * (MissedReportsAllowed + 0.5));

    private void OnExited(SuccessorExited message)
    {
        _slot.Exit = message.Exit;
        if (!_slot.ChannelClosed)
        {
            Timers.StartSingleTimer(nameof(ExitWithoutClose), new ExitWithoutClose(), CloseWithoutExit);
        }

        Settle();
    }

    // It lives, so it may read from what it was sent: that must not be read from here as well.
    private void OnClosedWithoutExit()
    {
        if (_slot is { Courier: { } courier, Mover: { } mover })
        {
            mover.Tell(new MoverProtocol.CarrierLost(courier.Break()));
            ReturningConnections.TakeBack(courier.Recall(), UnmovableReason.CarrierGone, mover, _listeners);
        }

        ReportFailure(_slot.ChannelError ?? "it closed the handover channel without exiting", responsive: false);
    }

    // A child of the dead process has inherited its end of the channel.
    private void OnExitWithoutClose()
    {
        _slot.ChannelClosed = true;
        Settle();
    }

    // The channel's last packets may say why a process ended, so both ends are waited for: a dead process holds no channel open.
    private void Settle()
    {
        if (_slot is not { Exit: { } exit, ChannelClosed: true, Process: { } process })
        {
            return;
        }

        Timers.CancelAll();
        var text = $"{(exit.Signal == 0 ? "" : "was ")}{exit}{(_slot.ChannelError is { } error ? $" ({error})" : "")}";
        ReportFailure($"it {text}", responsive: false);
        _log.Gone(_slot.Generation, process.Pid, text);
        TellOutput();
        if (_slot is { Courier: { } courier, Mover: { } mover })
        {
            // It is dead, and has read from none that it had not acknowledged.
            ReturningConnections.TakeBack(courier.Recall(), UnmovableReason.CarrierGone, mover, _listeners);
        }

        var crashed = _slot is { Promoted: true, Leaving: false };
        _slot.Clear();
        TellGone(crashed);
    }

    private void TellGone(bool crashed = false)
    {
        if (!_slot.GoneTold)
        {
            _slot.GoneTold = true;
            _lifecycle.Tell(new LifecycleEvent.SuccessorGone(crashed));
        }
    }

    private void ReportFailure(string reason, bool responsive)
    {
        if (_slot.FailureReported || _slot.Promoted || _slot.Ending != EndingStage.None || _slot.Process is null)
        {
            return;
        }

        _slot.FailureReported = true;
        reason = reason.Length > MaxReasonLength ? $"{reason.AsSpan(0, MaxReasonLength)}…" : reason;
        Timers.Cancel(nameof(HealthOverdue));
        Timers.Cancel(nameof(HealthUrlDue));
        _log.Failed(_slot.Generation, _slot.Process.Pid, reason);
        TellOutput();
        _lifecycle.Tell(new LifecycleEvent.SuccessorFailed(reason, responsive));
    }

    private void OnEnd(ReloaderProtocol.EndSuccessor end)
    {
        if (_slot.Process is not { } process)
        {
            _slot.Preparing?.Invited?.Refuse(end.Reason);
            _slot.Preparing = null;
            TellGone(); // it could not be spawned
            return;
        }

        var patience = end.FinishRequests ? _options.Drain.Timeout + DrainMargin : _options.Reload.KillTimeout;
        if (_slot.Ending == EndingStage.None)
        {
            _slot.Ending = EndingStage.Asked;
            Timers.Cancel(nameof(HealthOverdue));
            Timers.Cancel(nameof(HealthUrlDue));
            Timers.Cancel(nameof(ClosedWithoutExit));
            _log.Ending(_slot.Generation, process.Pid, "stop", end.Reason);
            if (process.Channel.TrySend(new StopFrame(end.Reason, (long)patience.TotalMilliseconds, end.Return)))
            {
                Timers.StartSingleTimer(nameof(Escalate), new Escalate(), patience);
            }
            else
            {
                OnEscalate(); // nobody listens any more
            }
        }
        else if (_slot.Ending == EndingStage.Asked && !end.FinishRequests)
        {
            OnEscalate();
        }
        else if (!Timers.IsTimerActive(nameof(Escalate)) && _slot.Ending != EndingStage.Killed)
        {
            Timers.StartSingleTimer(nameof(Escalate), new Escalate(), patience); // lost with a restart
        }
    }

    private void OnEscalate()
    {
        if (_slot.Process is not { } process)
        {
            return;
        }

        var kill = _slot.Ending == EndingStage.Terminated;
        _slot.Ending = kill ? EndingStage.Killed : EndingStage.Terminated;
        _log.Ending(_slot.Generation, process.Pid, kill ? "SIGKILL" : "SIGTERM", "it has not ended by itself");
        process.Signal(kill ? SignalNumbers.SIGKILL : SignalNumbers.SIGTERM);
        if (!kill)
        {
            Timers.StartSingleTimer(nameof(Escalate), new Escalate(), _options.Reload.KillTimeout);
        }
    }

    private void OnKill()
    {
        if (_slot is { Process: not null, Promoted: false })
        {
            _slot.Ending = EndingStage.Terminated;
            OnEscalate();
        }
    }

    private void Progress(string phase) =>
        _lifecycle.Tell(new ReloaderProtocol.SuccessorProgress(phase, _slot.Process!.Pid, _slot.Release));

    private sealed record FromSuccessor(ISpawnedGeneration Process, ChannelEvent Event);

    private sealed record SuccessorExited(ISpawnedGeneration Process, ProcessExit Exit);

    private sealed record RoomAwaited(ReloaderProtocol.Spawn Spawn);

    private sealed record RoomMade(ReloaderProtocol.Spawn Spawn, IReadOnlyList<GenerationEntry> Aborted, string? Failure);

    private sealed record HealthUrlDue;

    private sealed record HealthUrlAnswered(ISpawnedGeneration Process, string? Fault);

    private sealed record IntakeFailed(int Count, string Reason);

    private sealed record Prepared(ReloaderProtocol.Spawn Spawn, IReadOnlyList<OfferedSocket> Sockets, string? Failure);

    private sealed record Escalate;

    private sealed record HealthOverdue;

    private sealed record ClosedWithoutExit;

    private sealed record ExitWithoutClose;
}
