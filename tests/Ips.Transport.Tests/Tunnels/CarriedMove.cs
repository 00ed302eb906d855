using Akka.Actor;
using Ips.Actors.Handover;
using Ips.Actors.Posix;
using Ips.Actors.Transport;
using Ips.Transport.Tests.Transport;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;

namespace Ips.Transport.Tests.Tunnels;

/// <summary>How far a tunnel's move has come.</summary>
internal enum MoveStep
{
    /// <summary>It has left the server; nothing is sent.</summary>
    Left,

    /// <summary>The packet with head, bytes and both sockets is in the kernel.</summary>
    Sent,

    /// <summary>The other generation has read it, and has not acknowledged it.</summary>
    Received,

    /// <summary>It is acknowledged, and nothing was done with it.</summary>
    Acknowledged,

    /// <summary>The head is with the app.</summary>
    HeadGiven,

    /// <summary>The app is about to answer: nothing was compared.</summary>
    AnswerBegins,

    /// <summary>The answer agrees; YARP has not yet got the socket of the backend.</summary>
    Accepted,

    /// <summary>All is there.</summary>
    Delivered,
}

/// <summary>The way of a tunnel from one gateway to another as two processes have it: the courier of the one, and the intake of the other.
/// It stops at a step, where either may be killed: whatever the kernel would close of it is closed, and the other one goes on.</summary>
internal sealed class CarriedMove : IAsyncDisposable
{
    private readonly Lock _gate = new();
    private readonly MoveStep _step;
    private readonly ActorSystem _actors = ActorSystem.Create("carried-move", "akka.loglevel = WARNING");
    private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _goOn = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly (int From, int To) _ends = FdPassing.SocketPair();
    private readonly HandoverChannel _sender;
    private readonly ConnectionCourier _courier;
    private readonly IActorRef _listeners;
    private TestHost? _from, _to;
    private HandoverChannel? _receiver;
    private IReadOnlyList<MovedConnection> _held = []; // of whoever has it, between two steps
    private volatile bool _armed;

    /// <param name="step">Where it stops.</param>
    public CarriedMove(MoveStep step)
    {
        _step = step;
        _sender = new HandoverChannel(_ends.From);
        _courier = new ConnectionCourier(_sender);
        _listeners = _actors.ActorOf(Props.Create(() => new Listeners(this)));
    }

    /// <summary>To run in the app of the other gateway.</summary>
    public bool Look(HttpContext context)
    {
        if (!_armed) return true;
        if (_step is MoveStep.HeadGiven) Stop().Wait(Limits.Step);
        if (_step is MoveStep.AnswerBegins) context.Response.OnStarting(Stop);
        if (_step is MoveStep.Accepted)
        {
            var upgrade = context.Features.GetRequiredFeature<IHttpUpgradeFeature>();
            context.Features.Set<IHttpUpgradeFeature>(new StoppingUpgrade(upgrade, this));
        }

        return true;
    }

    /// <summary>Moves as far as the step.</summary>
    public async Task ReachAsync(TestHost from, TestHost to)
    {
        (_from, _to, _armed) = (from, to, true);
        var moved = await TunnelRig.LeaveAsync(from);
        _held = [new MovedConnection(new EndpointKey("127.0.0.1:80", 0), moved.Descriptor, moved.Leftover, moved.Upgrade)];
        if (_step is MoveStep.Left) return;

        _sender.Subscribe(OnSenders);
        lock (_gate)
        {
            _courier.Send(_held);
            _held = [];
        }

        await _sender.FlushAsync(Limits.Step);
        if (_step is MoveStep.Sent) return;
        Receive();
        if (_step < MoveStep.Delivered) await _reached.Task.WaitAsync(Limits.Step);
        if (_step < MoveStep.Accepted) return;
        await Eventually.TrueAsync(() => to.Registry.Open == 1);
        var replay = Assert.Single(to.Registry.Connections).Replay!;
        Assert.True(await replay.Decided.WaitAsync(Limits.Step));
        if (_step is MoveStep.Delivered) await replay.Delivered.WaitAsync(Limits.Step);
    }

    /// <summary>A generation ends at once, and the other one does what it does then.</summary>
    public async Task KillAsync(int generation)
    {
        if (generation == 1)
        {
            _sender.Dispose();
            IReadOnlyList<MovedConnection> mine;
            lock (_gate)
            {
                _courier.Break();
                mine = _courier.Recall();
            }

            Close(mine);
            if (_step is MoveStep.Left) Close(TakeHeld());
            if (_receiver is null) Receive();
            if (_step is MoveStep.Received) _ = ConnectionIntake.AdoptAsync(TakeHeld(), _receiver!, _listeners);
            if (_step is MoveStep.Acknowledged) Adopt(_to!, TakeHeld());
            _goOn.TrySetResult();
            return;
        }

        if (_step is MoveStep.Left) Adopt(_from!, TakeHeld());
        if (_receiver is null) FileDescriptors.Close(_ends.To);
        else _receiver.Dispose();
        Close(TakeHeld());
        foreach (var connection in _to!.Registry.Connections) connection.Abort(new ConnectionAbortedException("killed"));
        _goOn.TrySetResult();
        await Eventually.TrueAsync(() => _to.Registry.Open == 0);
    }

    public async ValueTask DisposeAsync()
    {
        _goOn.TrySetResult();
        _sender.Dispose();
        _receiver?.Dispose();
        await _actors.Terminate();
        _actors.Dispose();
    }

    private Task Stop()
    {
        _reached.TrySetResult();
        return _goOn.Task;
    }

    private void Receive()
    {
        _receiver = new HandoverChannel(_ends.To);
        _receiver.Subscribe(OnReceivers);
    }

    // The other generation.
    private void OnReceivers(ChannelEvent it)
    {
        if (it is not ChannelEvent.Received { Frame: ICarries frame } received) return;
        var taken = ConnectionIntake.Take(frame, received.Fds) ?? throw new InvalidDataException("The packet was declined.");
        if (_step is MoveStep.Received)
        {
            _held = taken;
            _reached.TrySetResult();
            return;
        }

        _ = ConnectionIntake.AdoptAsync(taken, _receiver!, _listeners);
    }

    // This one. As SuccessorCarrier does it.
    private void OnSenders(ChannelEvent it)
    {
        IReadOnlyList<MovedConnection> recalled = [];
        lock (_gate)
        {
            if (it is ChannelEvent.Received { Frame: AdoptedFrame adopted }) _courier.Acknowledge(adopted.Count);
            if (it is ChannelEvent.Closed) recalled = _courier.Recall();
        }

        Adopt(_from!, recalled);
    }

    private IReadOnlyList<MovedConnection> TakeHeld() => Interlocked.Exchange(ref _held, []);

    private static void Close(IReadOnlyList<MovedConnection> connections)
    {
        foreach (var connection in connections) connection.Close();
    }

    private static void Adopt(TestHost host, IReadOnlyList<MovedConnection> connections)
    {
        foreach (var connection in connections)
            host.Listener.Adopt(new MoveResult.Moved(connection.Fd, connection.Leftover, connection.Upgrade));
    }

    private sealed class StoppingUpgrade(IHttpUpgradeFeature inner, CarriedMove move) : IHttpUpgradeFeature
    {
        public bool IsUpgradableRequest => inner.IsUpgradableRequest;

        public async Task<Stream> UpgradeAsync()
        {
            var stream = await inner.UpgradeAsync();
            await move.Stop();
            return stream;
        }
    }

    private sealed class Listeners(CarriedMove move) : UntypedActor
    {
        protected override void OnReceive(object message)
        {
            var adopt = (ListenerProtocol.Adopt)message;
            if (move is { _step: MoveStep.Acknowledged, _goOn.Task.IsCompleted: false })
            {
                move._held = adopt.Connections;
                move._reached.TrySetResult();
                return;
            }

            Adopt(move._to!, adopt.Connections);
            Sender.Tell(new ListenerProtocol.Adopted(adopt.Connections.Count, 0));
        }
    }
}
