using System.Net;
using Akka.Actor;
using Ips.Actors.Handover;
using Microsoft.Extensions.Logging;

namespace Ips.Actors.Transport;

/// <summary>Moves live connections out of this generation: asks each to leave at its next request boundary and gives them to the
/// carrier.</summary>
/// <remarks>A restart loses nothing: who was asked, what is on its way and what waits to be carried live in
/// <see cref="MoveLedger"/>.</remarks>
[SupportedOSPlatform("linux")]
internal sealed class MoverActor : UntypedActor, IWithTimers
{
    // some batches' time: descriptors come back as they arrive
    private static readonly TimeSpan RetryInterval = TimeSpan.FromMilliseconds(20);

    private readonly MoveLedger _ledger;
    private readonly ConnectionRegistry _connections;
    private readonly MoveProgress _progress;
    private readonly CanaryGate _gate;
    private readonly IActorRef _lifecycle;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private IActorRef? _flushing;

    public MoverActor(MoveLedger ledger, ConnectionRegistry connections, MoveProgress progress, CanaryGate gate, IActorRef lifecycle,
        TimeProvider time, ILogger log)
    {
        (_ledger, _connections, _progress, _gate, _lifecycle, _time, _log) = (ledger, connections, progress, gate, lifecycle, time, log);
    }

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case MoverProtocol.Begin begin when _ledger.CanaryEnding: _ledger.Next = begin; break;
            case MoverProtocol.Begin { Canary: { } share } begin: OnCanary(begin, share); break;
            case MoverProtocol.Begin begin: OnBegin(begin); break;
            case MoverProtocol.Pass pass: OnPass(pass); break;
            case MoverProtocol.EndCanary: OnEndCanary(); break;
            case Passed:
                _ledger.CanaryEnded = true;
                ResetIfDone();
                break;
            case Found found: Ask(found.Connection); break;
            case ReadDecisions: OnReadDecisions(); break;
            case SendOutgoing: OnSendOutgoing(); break;
            case MoverProtocol.Delivered delivered: OnDelivered(delivered); break;
            case MoverProtocol.Returned returned: OnReturned(returned); break;
            case MoverProtocol.CarrierLost carrierLost: OnCarrierLost(carrierLost); break;
            case MoverProtocol.CarrierLeaving carrierLeaving: OnCarrierLeaving(carrierLeaving); break;
            case MoverProtocol.IntakeClosed:
                _ledger.IntakeClosed = true;
                EndCarryIfDone();
                break;
            case AskAgain: OnAskAgain(); break;
            case MoverProtocol.Flush:
                _flushing = Sender;
                ReplyIfFlushed();
                break;
            default: Unhandled(message); break;
        }
    }

    protected override void PreStart()
    {
        if (_ledger.Waiting.Count > 0)
        {
            ArmRetry();
        }

        // What was to read or send these may be lost.
        if (_ledger.HasDecisions)
        {
            Self.Tell(new ReadDecisions());
        }

        if (_ledger.Outgoing.Count > 0)
        {
            Self.Tell(new SendOutgoing());
        }

        if (_ledger.CanaryEnding)
        {
            Self.Tell(new Passed());
        }

        EndCarryIfDone();
    }

    private int OnTheWay
    {
        get => _ledger.OnTheWay;
        set => _progress.OnTheWay = _ledger.OnTheWay = value;
    }

    // A share, or a greater one. What was asked before and is busy stays asked.
    private void OnCanary(MoverProtocol.Begin begin, MoverProtocol.CanaryShare share)
    {
        if (_ledger.Carrier is not null && _ledger.Canary is null)
        {
            return; // all move already
        }

        var live = _connections.Connections;
        var map = _ledger.Canary ??= new CanaryMap(
            live.Select(AddressOf).Where(address => address is not null).Distinct().Count() >= CanaryMap.LeastClients);
        (_ledger.Carrier, _ledger.Endpoints) = (begin.Carrier, begin.Endpoints);
        if (_ledger.CarrierLeaving)
        {
            return; // it has no room
        }

        _gate.Open(map, share, Self, begin.Carrier);
        var movable = live.Where(one => begin.Endpoints?.Contains(one.Origin) != false && !_ledger.Asked.ContainsKey(one)).ToList();
        foreach (var connection in map.ChooseLive(movable, AddressOf, _ledger.LiveMoved + _ledger.Asked.Count, share.Percent))
        {
            Ask(connection);
        }
    }

    private static IPAddress? AddressOf(HandoverConnection connection) => (connection.RemoteEndPoint as IPEndPoint)?.Address;

    private void OnPass(MoverProtocol.Pass pass)
    {
        OnTheWay++;
        _connections.Left();
        pass.Carrier.Tell(new MoverProtocol.Carry([pass.Connection]));
    }

    private void OnEndCanary()
    {
        _gate.Close();
        _ledger.CanaryEnding = true;
        Self.Tell(new Passed()); // behind what was passed before
    }

    private void ResetIfDone()
    {
        if (_ledger is { CanaryEnded: true, OnTheWay: 0, Asked.Count: 0, Outgoing.Count: 0 })
        {
            var next = _ledger.Next;
            _ledger.Reset();
            _progress.Reset();
            if (next is not null) Self.Tell(next);
        }
    }

    private void OnBegin(MoverProtocol.Begin begin)
    {
        _gate.Close();
        if (_ledger is { Carrier: not null, Canary: null })
        {
            return; // asked again after a restart
        }

        _ledger.Canary = null;
        _ledger.Upgrades = !begin.Upgrades ? UpgradePolicy.Close
            : begin.Tunnels ? UpgradePolicy.MoveWithTunnels : UpgradePolicy.Move;
        (_ledger.Carrier, _ledger.Endpoints, _ledger.BeganAt) = (begin.Carrier, begin.Endpoints, _time.GetTimestamp());
        _progress.Moving = true;
        var self = Self;
        _connections.Opened = connection => self.Tell(new Found(connection)); // those that were accepted and wait for Kestrel yet
        foreach (var connection in _connections.Connections)
        {
            Ask(connection);
        }

        ReportIfSettled();
    }

    private void Ask(HandoverConnection connection)
    {
        if (_ledger.Carrier is null || _ledger.CarrierLeaving || !_ledger.Asked.TryAdd(connection, true))
        {
            return;
        }

        if (_ledger is { Canary: null, Endpoints: { } endpoints } && !endpoints.Contains(connection.Origin))
        {
            connection.MarkUnmovable(UnmovableReason.EndpointGone);
        }

        var (self, ledger) = (Self, _ledger);
        connection.BeginMove(_ledger.Upgrades).ContinueWith(
            result =>
            {
                if (ledger.Decided(connection, result.Result))
                {
                    self.Tell(new ReadDecisions());
                }
            },
            CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    private void OnReadDecisions()
    {
        foreach (var (connection, result) in _ledger.TakeDecisions())
        {
            _ledger.Asked.Remove(connection);
            Decide(connection, result);
        }

        ReportIfSettled();
        ReplyIfFlushed();
        EndCarryIfDone();
        ResetIfDone();
    }

    private void Decide(HandoverConnection connection, MoveResult result)
    {
        switch (result)
        {
            case MoveResult.Moved moved:
                OnTheWay++;
                _ledger.LiveMoved++;
                _ledger.Outgoing.Add(new MovedConnection(connection.Origin, moved.Descriptor, moved.Leftover, moved.Upgrade));
                if (_ledger.Outgoing.Count == 1)
                {
                    Self.Tell(new SendOutgoing()); // behind the other decisions that wait: they go in one message
                }

                break;
            case MoveResult.NotMovable when _ledger.Canary is not null: break; // asked again when all move
            case MoveResult.NotMovable { Reason: UnmovableReason.Ended }: break;
            case MoveResult.NotMovable { Reason: UnmovableReason.NoDescriptor } when !_ledger.CarrierLeaving:
                _ledger.Waiting.Add(connection);
                ArmRetry();
                break;
            case MoveResult.NotMovable staying: _ledger.Stay(staying.Reason); break;
        }
    }

    private void ArmRetry() => Timers.StartSingleTimer(nameof(AskAgain), new AskAgain(), RetryInterval);

    private void OnAskAgain()
    {
        HandoverConnection[] waiting = [.. _ledger.Waiting];
        _ledger.Waiting.Clear();
        foreach (var connection in waiting)
        {
            Ask(connection);
        }
    }

    private void OnSendOutgoing()
    {
        if (_ledger.Carrier is { } carrier && _ledger.Outgoing.Count > 0)
        {
            carrier.Tell(new MoverProtocol.Carry([.. _ledger.Outgoing]));
            _ledger.Outgoing.Clear();
        }

        EndCarryIfDone();
    }

    private void OnDelivered(MoverProtocol.Delivered delivered)
    {
        OnTheWay -= delivered.Count;
        _ledger.Moved += delivered.Count;
        _progress.Moved = _ledger.Moved;
        ReportIfSettled();
        ReplyIfFlushed();
        ResetIfDone();
    }

    private void OnReturned(MoverProtocol.Returned returned)
    {
        OnTheWay -= returned.Count;
        for (var i = 0; i < returned.Count && _ledger.Canary is null; i++)
        {
            _ledger.Stay(returned.Reason);
        }

        ReportIfSettled();
        ReplyIfFlushed();
        ResetIfDone();
    }

    private void OnCarrierLeaving(MoverProtocol.CarrierLeaving leaving)
    {
        _ledger.Finishing = true;
        if (!leaving.Finish)
        {
            StopAsking();
        }

        EndCarryIfDone();
        ReportIfSettled();
    }

    // What has left Kestrel goes with the carrier yet; the others are answered here, and told of the close.
    private void StopAsking()
    {
        _gate.Close();
        _progress.EndMoving();
        _ledger.CarrierLeaving = true;
        _connections.Opened = null;
        StayForGood();
    }

    private void StayForGood()
    {
        _ledger.Waiting.ForEach(_ => _ledger.Stay(UnmovableReason.NoDescriptor));
        _ledger.Waiting.Clear();
        foreach (var connection in _ledger.Asked.Keys)
        {
            connection.CancelMove(); // who was faster answers that it has moved
        }
    }

    private void EndCarryIfDone()
    {
        if (_ledger is { Finishing: true, CarrierLeaving: false, Carrier: not null, IntakeClosed: true, Asked.Count: 0, Waiting.Count: 0 })
        {
            StopAsking();
        }

        if (_ledger is { CarrierLeaving: true, Carrier: { } carrier, Asked.Count: 0, Outgoing.Count: 0 })
        {
            carrier.Tell(new MoverProtocol.CarryEnded());
        }
    }

    // What leaves yet, as it was faster, the carrier gives back.
    private void OnCarrierLost(MoverProtocol.CarrierLost lost)
    {
        OnTheWay -= lost.Count;
        OnCarrierLeaving(new MoverProtocol.CarrierLeaving(Finish: false));
        ReplyIfFlushed();
        ResetIfDone();
        if (lost.Count > 0)
        {
            _log.CarrierLost(lost.Count); // last: a log provider that throws must cost nothing
        }
    }

    // Settled: nothing is on its way, and of those asked only busy ones are undecided.
    private void ReportIfSettled()
    {
        if (_ledger.SettledReported || _ledger.Canary is not null || _ledger.OnTheWay > 0 || _ledger.Waiting.Count > 0)
        {
            return;
        }

        var busy = 0;
        foreach (var connection in _ledger.Asked.Keys)
        {
            if (!connection.IsRequestRunning)
            {
                return;
            }

            busy++;
        }

        _ledger.SettledReported = true;
        _lifecycle.Tell(new MoverProtocol.Settled(_ledger.Moved, busy, _ledger.Staying));
        var staying = _ledger.Staying.Values.Sum();
        if (_ledger.Moved + busy + staying > 0)
        {
            _log.ConnectionsMoved(_ledger.Moved, _time.GetElapsedTime(_ledger.BeganAt).TotalMilliseconds, busy, staying);
        }
    }

    // A connection ends here before the message of its move is read: who was asked and has not answered may be about to be carried.
    private void ReplyIfFlushed()
    {
        if (_flushing is { } flushing && _ledger is { OnTheWay: 0, Asked.Count: 0 })
        {
            _flushing = null;
            flushing.Tell(new MoverProtocol.Flushed());
        }
    }

    private sealed record SendOutgoing;

    private sealed record Passed;

    private sealed record AskAgain;

    private sealed record Found(HandoverConnection Connection);

    private sealed record ReadDecisions;
}
