using Akka.Actor;
using Ips.Actors.Configuration;
using Ips.Actors.Control;
using Ips.Actors.Handover;
using Ips.Actors.HttpFront;
using Ips.Actors.Lifecycle;
using Ips.Actors.Listener;
using Ips.Actors.Output;
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
    private const int MaxReleaseLength = 200;
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
        Receive<ReloaderOrder.SpawnSuccessor>(OnSpawn);
        Receive<FromSuccessor>(m => ReferenceEquals(m.Process, _slot.Process), Heed);
        Receive<FromSuccessor>(late => HandoverChannel.CloseDescriptors(late.Event)); // of a successor that is gone
        Receive<SuccessorExited>(m => ReferenceEquals(m.Process, _slot.Process), OnExited);
        Receive<ReloaderOrder.SendServe>(_ => OnSendServe());
        Receive<ReloaderOrder.SendPromote>(OnSendPromote);
        Receive<ReloaderOrder.SendHistory>(send => SendHistory(send.Receipts));
        Receive<RoomAwaited>(OnRoomAwaited);
        Receive<RoomMade>(OnRoomMade);
        Receive<Prepared>(OnPrepared);
        Receive<HealthUrlDue>(_ => OnHealthUrlDue());
        Receive<HealthUrlAnswered>(m => ReferenceEquals(m.Process, _slot.Process), OnHealthUrlAnswered);
        Receive<HealthUrlAnsweredHere>(m => ReferenceEquals(m.Process, _slot.Process), m => _slot.HealthUrlFaultHere = m.Fault);
        Receive<OwnHealth>(m => ReferenceEquals(m.Process, _slot.Process), OnOwnHealth);
        Receive<ReloaderOrder.EndSuccessor>(OnEnd);
        Receive<ReloaderOrder.MoveConnections>(_ => OnMoveConnections());
        Receive<MoverProtocol.Carry>(OnCarry);
        Receive<MoverProtocol.CarryEnded>(_ =>
        {
            _slot.CarryEnded = true;
            SayLeftIfDone();
        });
        Receive<ListenerProtocol.Adopted>(_ => { }); // of those that it gave back
        Receive<IntakeFailed>(failed => _log.ReturnFailed(failed.Count, failed.Reason));
        Receive<ReloaderOrder.ReopenOlderLogs>(_ => _slot.Older.Signal(SignalNumbers.SIGUSR1));
        Receive<ReloaderOrder.KillSuccessor>(_ => OnKill());
        Receive<ReloaderOrder.GiveUpSuccessor>(giveUp => ReportFailure(giveUp.Reason, responsive: false));
        Receive<Escalate>(_ => OnEscalate());
        Receive<HealthOverdue>(_ => ReportFailure(
            $"it sent no health report for {MissedReportsAllowed} intervals of {_options.Reload.HealthInterval.TotalSeconds:0.###} s", responsive: false));
        Receive<ClosedWithoutExit>(_ => OnClosedWithoutExit());
        Receive<ExitWithoutClose>(_ => OnExitWithoutClose());
        Receive<ReloaderOrder.SendFarewell>(OnSendFarewell);
    }

    /// <inheritdoc/>
    public ITimerScheduler Timers { get; set; } = null!;

    /// <inheritdoc/>
    protected override void PreStart()
    {
        if (_slot.Process is { } process)
        {
            Watch(process);
            if (_slot.FailingAtReady is { } failing)
            {
                Judge(failing, null);
            }

            if (_slot.OnProbation)
            {
                ArmHealthTimer();
                BeginHealthUrl();
            }
        }
    }

    private void OnSpawn(ReloaderOrder.SpawnSuccessor spawn)
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

    private RoomPlan PlanRoom(ReloaderOrder.SpawnSuccessor spawn, IReadOnlyList<GenerationEntry> older) =>
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

        _lifecycle.Tell(new LifecycleEvent.GenerationsAborted([.. made.Aborted.Select(generation => generation.Generation)]));
        PrepareSockets(made.Spawn);
    }

    private void PrepareSockets(ReloaderOrder.SpawnSuccessor spawn) =>
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

    private void CannotBegin(ReloaderOrder.SpawnSuccessor spawn, string reason)
    {
        _slot.Preparing = null;
        spawn.InvitedProcess?.Refuse(reason);
        _lifecycle.Tell(new LifecycleEvent.SuccessorFailed(reason, Responsive: false));
    }

    private void Launch(ReloaderOrder.SpawnSuccessor spawn, IReadOnlyList<OfferedSocket> sockets)
    {
        if (spawn.InvitedProcess is { } invited)
        {
            _slot.Begin(invited, spawn.Generation, sockets);
            _slot.Terms = spawn.Terms ?? ReloadTerms.None;
            _log.Invited(spawn.Generation, invited.Pid);
            Watch(invited);
            AskHealthUrlHere(invited);
            _lifecycle.Tell(new LifecycleEvent.SuccessorSpawned(invited.Pid, Invited: true));
            return;
        }

        try
        {
            // Before the launch: what takes its place in this moment may be launched in vain later, but is never overlooked.
            if (_launcher.InPlace() is { } release)
            {
                _lifecycle.Tell(new LifecycleEvent.LaunchBegan(release));
            }

            var process = _launcher.Launch(spawn.Generation);
            _slot.Begin(process, spawn.Generation, sockets);
            _slot.Terms = spawn.Terms ?? ReloadTerms.None;
            SendWelcome(HandoverVersion.AheadOfHello); // if this process dies before it has read hello, nobody who connects is refused
            _log.Spawned(spawn.Generation, process.Pid);
            Watch(process);
            AskHealthUrlHere(process);
            _lifecycle.Tell(new LifecycleEvent.SuccessorSpawned(process.Pid));
        }
        catch (IOException e)
        {
            SuccessorSlot.Close(sockets);
            _log.SpawnFailed(spawn.Generation, e.Message);
            _lifecycle.Tell(new LifecycleEvent.SuccessorFailed($"it could not be spawned: {e.Message}", Responsive: false));
        }
    }

    // Asked while this generation still answers it: paused, or without its database, it may fail whatever the successor is like.
    private void AskHealthUrlHere(ISpawnedGeneration process)
    {
        if (_slot.HealthUrl is { } url)
        {
            url.AskAsync().PipeTo(
                Self, success: fault => new HealthUrlAnsweredHere(process, fault), failure: _ => new HealthUrlAnsweredHere(process, null));
        }
    }

    private void Watch(ISpawnedGeneration process)
    {
        var self = Self;
        process.Channel.Subscribe(channelEvent => self.Tell(new FromSuccessor(process, channelEvent)));
        process.Exited.PipeTo(self, success: exit => new SuccessorExited(process, exit));
    }

    // Whatever a successor says must cost nobody but itself.
    private void Heed(FromSuccessor message)
    {
        try
        {
            OnChannelEvent(message.Event);
        }
        catch (Exception e) when (e is not ActorKilledException)
        {
            _log.FrameFailed(e, (message.Event as ChannelEvent.Received)?.Frame.GetType().Name ?? "the end of the channel", _slot.Generation);
            ReportFailure($"what it said could not be acted on: {e.GetBaseException().Message}", responsive: false);
        }
    }

    private void OnChannelEvent(ChannelEvent channelEvent)
    {
        if (channelEvent is ChannelEvent.Closed closed)
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

        var received = (ChannelEvent.Received)channelEvent;
        if (!FrameOrder.AllowsFromSuccessor(received.Frame, _slot.Phase, _slot.Drains))
        {
            HandoverChannel.CloseDescriptors(received);
            OnUnexpected(received.Frame);
            return;
        }

        if (received.Frame is ConnectionsFrame connections)
        {
            OnReturned(connections, received.Fds);
            return;
        }

        HandoverChannel.CloseDescriptors(received); // no other frame of a successor carries any
        switch (received.Frame)
        {
            case HelloFrame hello:
                OnHello(hello);
                break;
            case ReadyFrame ready:
                OnReady(ready);
                break;
            case HealthFrame health when _slot.OnProbation:
                OnHealth(health);
                break;
            case PromotedFrame:
                _slot.Reach(HandoverPhase.Promoted);
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
                _slot.SaidFailed = true;
                ReportFailure(failed.Reason, responsive: true);
                break;
        }
    }

    // While it is being ended, and after its promotion, it costs nothing but a line.
    private void OnUnexpected(HandoverFrame frame)
    {
        if (!_slot.FaultLogged)
        {
            _slot.FaultLogged = true;
            _log.Unexpected(frame.GetType().Name, _slot.Generation, _slot.Phase);
        }

        ReportFailure($"it sent {frame.GetType().Name}, which the handover protocol does not have in this phase ({_slot.Phase})", responsive: false);
    }

    private void OnReady(ReadyFrame ready)
    {
        if (_slot.Endpoints is not null)
        {
            return; // said again after a restart over there
        }

        if (ready.HealthUrl is { } url && _slot is { Process: not IInvitedGeneration, MakeHealthUrl: { } make })
        {
            if (url.Length > 0 && !IsHttp(url))
            {
                ReportFailure($"its ips.reload.health-url is {url}; it must be an absolute http or https URL", responsive: true);
                return;
            }

            _slot.ToldHealthUrl = (url, url.Length > 0 ? make(new Uri(url)) : null);
        }

        _slot.Endpoints = (ready.Endpoints ?? []).Select(offer => new EndpointKey(offer.Endpoint, offer.Ordinal)).ToHashSet();
        if (ready.Failing is { Count: > 0 } failing)
        {
            _slot.FailingAtReady = failing;
            Judge(failing, null);
            return;
        }

        TellReady();
    }

    private void TellReady()
    {
        _log.Ready(_slot.Generation, _slot.Process!.Pid);
        _lifecycle.Tell(new LifecycleEvent.SuccessorReady());
    }

    private static bool IsHttp(string url) =>
        Uri.TryCreate(url, UriKind.Absolute, out var parsed) && (parsed.Scheme == Uri.UriSchemeHttp || parsed.Scheme == Uri.UriSchemeHttps);

    private void OnHello(HelloFrame hello)
    {
        _slot.Release = hello.Release.Length > MaxReleaseLength ? $"{hello.Release.AsSpan(0, MaxReleaseLength)}…" : hello.Release;
        if (HandoverVersion.Choose(hello) is not { } version)
        {
            var reason = $"it speaks handover versions {hello.Min} to {hello.Max}, this generation {HandoverVersion.Min} to {HandoverVersion.Max}";
            _log.Refused(_slot.Generation, hello.Pid, reason);
            _slot.Process!.Channel.TrySend(new RefusedFrame(reason));
            ReportFailure(reason, responsive: false);
            return;
        }

        _lifecycle.Tell(new LifecycleEvent.SuccessorGreeted(_slot.Release));
        _log.Hello(_slot.Generation, hello.Pid, _slot.Release, _slot.Sockets.Count, version);
        _slot.Version = version;
        _slot.Reach(HandoverPhase.Welcomed);
        SendWelcome(version);
        _slot.CloseSockets();
    }

    private void SendWelcome(int version)
    {
        try
        {
            var sockets = _slot.Sockets;
            var (identity, identityFds) = IdentityLater(version) ? (new IdentityFrame(false, false), []) : GiveIdentity();
            List<int> fds = [.. sockets.Select(socket => socket.Fd), .. identityFds];
            if (fds.Count > FdPassing.MaxDescriptors)
            {
                throw new IOException(
                    $"they are {sockets.Count}, and {FdPassing.MaxDescriptors - (fds.Count - sockets.Count)} fit the packet that hands them over; listen on fewer addresses (ips.urls)");
            }

            _slot.Process!.Channel.TrySend(
                new WelcomeFrame(
                    version, _slot.Generation, [.. sockets.Select(s => new EndpointOffer(s.Endpoint, s.Ordinal, s.External))],
                    identity.Lock, identity.Control, (long)_options.Reload.HealthInterval.TotalMilliseconds,
                    OlderGenerations.WithSelf(_slot.Older.Alive(), _slot.Generation - 1), _slot.Paused(),
                    IdentityLater(version) ? _identity.LockEntry() : null, Facts(), Judges: true),
                [.. fds]);
        }
        catch (IOException e) // EMFILE, or too many to hand over
        {
            ReportFailure($"{SocketsNotHandedOver}: {e.Message}", responsive: false);
        }
    }

    // What the operator has accepted is not told: so any release, whatever it knows of that, has nothing to compare.
    private Dictionary<string, string>? Facts()
    {
        var facts = _slot.Facts().Where(fact => !_slot.Terms.Accept.Contains(fact.Key)).ToDictionary(StringComparer.Ordinal);
        return facts.Count > 0 ? facts : null;
    }

    // A process that this service has not started may fail, or be hostile, and keep what it was given: until it is to be the main process it gets neither.
    private bool IdentityLater(int version) => _slot.Process is IInvitedGeneration && version >= HandoverVersion.LateIdentity;

    private (IdentityFrame Frame, IReadOnlyList<int> Fds) GiveIdentity()
    {
        if (_slot.Process is IInvitedGeneration)
        {
            _identity.Lent = true;
        }

        var (lockFd, controlFd) = (_identity.LockFd, _identity.ControlFd);
        return (new IdentityFrame(lockFd is not null, controlFd is not null), [.. ((int?[])[lockFd, controlFd]).OfType<int>()]);
    }

    private void OnSendServe()
    {
        _slot.ServesTold = false; // asked again: whoever asks has not heard
        if (_slot.Process?.Channel.TrySend(new ServeFrame()) == true && _slot.Phase < HandoverPhase.Serving)
        {
            _slot.Reach(HandoverPhase.Serving);
            _slot.Process.Output?.Limit(false);
            ArmHealthTimer();
            BeginHealthUrl();
        }
    }

    // What it writes is its own from here on; before, it came through us.
    private void OnSendPromote(ReloaderOrder.SendPromote promote)
    {
        if (_slot.Process is { } process)
        {
            SendHistory(promote.History);
            if (IdentityLater(_slot.Version) && _slot.Phase < HandoverPhase.Promoting)
            {
                var (identity, fds) = GiveIdentity();
                process.Channel.TrySend(identity, [.. fds]);
            }

            _slot.Reach(HandoverPhase.Promoting);
            process.LetGo();
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

    private void OnSendFarewell(ReloaderOrder.SendFarewell farewell)
    {
        var drain = farewell.Counts;
        _slot.Process?.Channel.TrySend(
            new FarewellFrame(drain.Connections, drain.AbortedRequests, drain.Requests, drain.ClosedPolitely, drain.ClosedIdle, drain.Moved));
    }

    private void BeginHealthUrl()
    {
        if (_slot.JudgingUrl is not null)
        {
            Timers.StartPeriodicTimer(nameof(HealthUrlDue), new HealthUrlDue(), _options.Reload.HealthInterval);
        }
    }

    private void OnHealthUrlDue()
    {
        if (_slot is { JudgingUrl: { } url, Process: { } process, Phase: not HandoverPhase.Promoted })
        {
            url.AskAsync().PipeTo(
                Self,
                success: fault => new HealthUrlAnswered(process, fault),
                failure: error => new HealthUrlAnswered(process, error.GetBaseException().Message));
        }
    }

    private void OnHealthUrlAnswered(HealthUrlAnswered answer)
    {
        _slot.HealthUrlFailures = answer.Fault is null || _slot.HealthUrlFaultHere is not null ? 0 : _slot.HealthUrlFailures + 1;
        if (_slot.HealthUrlFailures >= HealthUrlFailuresAllowed && _slot.OnProbation)
        {
            ReportFailure(
                $"the health URL {_slot.ToldHealthUrl?.Text ?? _options.Reload.HealthUrl} (ips.reload.health-url) "
                    + $"failed {_slot.HealthUrlFailures} times in a row: {answer.Fault}",
                responsive: true);
        }
    }

    private void TellOutput()
    {
        if (_slot.Process?.Output?.Sync() is { Count: > 0 } lines)
        {
            _lifecycle.Tell(new LifecycleEvent.SuccessorWrote(lines));
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
        _mover.Tell(new MoverProtocol.Begin(Self, _slot.Endpoints ?? new HashSet<EndpointKey>()));
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
            return;
        }

        ConnectionIntake.AdoptAsync(connections, _slot.Process!.Channel, _listeners)
            .PipeTo(Self, failure: error => new IntakeFailed(connections.Count, error.GetBaseException().Message));
    }

    // What fails there counts only if it does not fail here as well.
    private void Judge(IReadOnlyDictionary<string, string> failing, HealthFrame? report)
    {
        var process = _slot.Process!;
        _slot.OwnHealth().PipeTo(
            Self,
            success: own => new OwnHealth(process, failing, own.Failing, report),
            failure: _ => new OwnHealth(process, failing, ProbeResult.Healthy.Failing, report)); // nobody knows how it is here: it counts
    }

    private void OnOwnHealth(OwnHealth own)
    {
        if (HealthJudge.Counted(own.Failing, own.FailingHere, _slot.Terms.IgnoreChecks) is { Count: > 0 } counted)
        {
            ReportFailure(ProbeResult.Describe(counted), responsive: true);
            return;
        }

        if (!_slot.ExcuseLogged)
        {
            _slot.ExcuseLogged = true;
            _log.ChecksExcused(_slot.Generation, ProbeResult.Describe(own.Failing));
        }

        if (own.Report is { } report)
        {
            TakeReport(report with { Ok = true });
        }
        else if (_slot.FailingAtReady is not null)
        {
            _slot.FailingAtReady = null;
            TellReady();
        }
    }

    private void OnHealth(HealthFrame health)
    {
        if (health is { Ok: false, Failing: { Count: > 0 } failing })
        {
            ArmHealthTimer();
            Judge(failing, health);
        }
        else
        {
            TakeReport(health);
        }
    }

    private void TakeReport(HealthFrame health)
    {
        if (!_slot.OnProbation)
        {
            return; // it was promoted, or is being ended, while its report was judged
        }

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
        var about = process.Explain(exit) ?? _slot.ChannelError;
        var text = $"{(exit.Signal == 0 ? "" : "was ")}{exit}{(about is null ? "" : $" ({about})")}";
        var words = exit is { Signal: 0 } ? OutputTail.LastWords(process.Output?.Sync() ?? []) : null;
        ReportFailure($"it {text}{(words is null ? "" : $"; its last words: {words}")}", responsive: false);
        _log.Gone(_slot.Generation, process.Pid, text);
        TellOutput();
        if (_slot is { Courier: { } courier, Mover: { } mover })
        {
            // It is dead, and has read from none that it had not acknowledged.
            ReturningConnections.TakeBack(courier.Recall(), UnmovableReason.CarrierGone, mover, _listeners);
        }

        var crashed = _slot is { Phase: HandoverPhase.Promoted, Leaving: false };
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
        if (_slot.FailureReported || _slot.Phase == HandoverPhase.Promoted || _slot.Ending != EndingStage.None || _slot.Process is null)
        {
            return;
        }

        _slot.FailureReported = true;
        reason = reason.Length > MaxReasonLength ? $"{reason.AsSpan(0, MaxReasonLength)}…" : reason;
        Timers.Cancel(nameof(HealthOverdue));
        Timers.Cancel(nameof(HealthUrlDue));
        _slot.Process.Output?.Limit(true);
        _log.Failed(_slot.Generation, _slot.Process.Pid, reason);
        TellOutput();
        _lifecycle.Tell(new LifecycleEvent.SuccessorFailed(reason, responsive));
    }

    private void OnEnd(ReloaderOrder.EndSuccessor end)
    {
        if (_slot.Process is not { } process)
        {
            _slot.Preparing?.InvitedProcess?.Refuse(end.Reason);
            _slot.Preparing = null;
            TellGone(); // it could not be spawned
            return;
        }

        var patience = end.FinishRequests ? _options.Drain.Timeout + DrainMargin : _options.Reload.KillTimeout;
        if (_slot.Ending == EndingStage.None)
        {
            _slot.Ending = EndingStage.Asked;
            process.Output?.Limit(true);
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
        if (_slot is { Process: not null, Phase: not HandoverPhase.Promoted })
        {
            _slot.Ending = EndingStage.Terminated;
            OnEscalate();
        }
    }

    private sealed record FromSuccessor(ISpawnedGeneration Process, ChannelEvent Event);

    private sealed record SuccessorExited(ISpawnedGeneration Process, ProcessExit Exit);

    private sealed record RoomAwaited(ReloaderOrder.SpawnSuccessor Spawn);

    private sealed record RoomMade(ReloaderOrder.SpawnSuccessor Spawn, IReadOnlyList<GenerationEntry> Aborted, string? Failure);

    private sealed record HealthUrlDue;

    private sealed record HealthUrlAnswered(ISpawnedGeneration Process, string? Fault);

    private sealed record HealthUrlAnsweredHere(ISpawnedGeneration Process, string? Fault);

    private sealed record OwnHealth(
        ISpawnedGeneration Process, IReadOnlyDictionary<string, string> Failing, IReadOnlyDictionary<string, string> FailingHere,
        HealthFrame? Report);

    private sealed record IntakeFailed(int Count, string Reason);

    private sealed record Prepared(ReloaderOrder.SpawnSuccessor Spawn, IReadOnlyList<OfferedSocket> Sockets, string? Failure);

    private sealed record Escalate;

    private sealed record HealthOverdue;

    private sealed record ClosedWithoutExit;

    private sealed record ExitWithoutClose;
}
