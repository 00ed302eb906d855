using System.Net.Sockets;
using Akka.Actor;
using Akka.TestKit;
using Ips.Actors.Diagnostics;
using Ips.Actors.Handover;
using Ips.Actors.HttpFront;
using Ips.Actors.Lifecycle;
using Ips.Actors.Tests.Support;
using Ips.Actors.Transport;
using Microsoft.Extensions.Time.Testing;

namespace Ips.Actors.Tests.HttpFront;

/// <summary>The app's side of the lifecycle, with connections that are only counted.</summary>
public sealed class HttpFrontActorTests : ActorTest
{
    private readonly RecordingLog _log = new();
    private readonly FrontState _state = new();
    private readonly ConnectionRegistry _connections = new();
    private readonly FakeWarmup _warmup = new();
    private readonly FakeHealth _health = new();
    private readonly FakeTimeProvider _time = new();
    private readonly GenerationRole _role = FrontFixture.Role();
    private readonly OpenConnections _open;
    private readonly TestProbe _lifecycle;
    private readonly TestProbe _mover;
    private readonly IActorRef _front;

    public HttpFrontActorTests()
    {
        _open = new OpenConnections(_connections);
        (_lifecycle, _mover) = (CreateTestProbe(), CreateTestProbe());
        _mover.SetAutoPilot(new DelegateAutoPilot((sender, message) =>
        {
            if (message is MoverProtocol.Flush) sender.Tell(new MoverProtocol.Flushed());
            return AutoPilot.KeepRunning;
        }));
        _front = Supervise(Props
            .Create(() => new HttpFrontActor(_state, _connections, _role, _warmup, _health, _mover.Ref, _lifecycle.Ref, _log, _time)));
    }

    [Fact]
    [Trait("issue", "16")]
    public async Task Role_TakenAndYielded_DecidesWhoAcceptsAsMain()
    {
        List<bool> accepted = [];
        _state.AcceptAsMain = accepted.Add;
        _front.Tell(new FrontOrder.TakeRole());
        _front.Tell(new FrontOrder.YieldRole());
        await _lifecycle.ExpectMsgAsync<LifecycleEvent.RoleYielded>();
        _front.Tell(new FrontOrder.TakeRole()); // a rollback
        await _front.Ask<HttpFrontProtocol.Load>(new HttpFrontProtocol.GetLoad(), Patience);
        Assert.Equal([true, false, true], accepted);
    }

    [Fact]
    public async Task HostStarted_Healthy_IsReady()
    {
        Assert.False(_state.Ready);
        _front.Tell(new HttpFrontProtocol.HostStarted());
        await _lifecycle.ExpectMsgAsync<LifecycleEvent.FrontReady>();
        Assert.True(_state.Ready); // before anybody can connect
    }

    [Fact]
    public async Task HostStarted_CheckedAgainInALameDuck_StaysUnready()
    {
        _front.Tell(new HttpFrontProtocol.HostStarted());
        await _lifecycle.ExpectMsgAsync<LifecycleEvent.FrontReady>();
        _front.Tell(new FrontOrder.FailReadiness());
        _front.Tell(Kill.Instance);
        await _lifecycle.ExpectMsgAsync<LifecycleEvent.FrontReady>();
        Assert.False(_state.Ready);
    }

    [Fact]
    public async Task Killed_CheckUnderWay_IsMadeAgain()
    {
        _state.Terms = new ReadinessTerms(TimeSpan.FromMinutes(1), judged: false, [], _time);
        var (checks, first) = (0, new TaskCompletionSource<string?>());
        _health.Answer = _ => ++checks == 1 ? first.Task : Task.FromResult<string?>(null);
        _front.Tell(new HttpFrontProtocol.HostStarted());
        _front.Tell(Kill.Instance);
        await _lifecycle.ExpectMsgAsync<LifecycleEvent.FrontReady>();
        Assert.Equal(2, checks);
    }

    [Fact]
    public async Task GetHealth_Counts_TellsRequestsAndErrors()
    {
        _state.Answered(200);
        _state.Answered(503);
        _state.Answered(499);
        Assert.Equal(
            new HttpFrontProtocol.Health(true, null, 3, 1) { Load = new LoadReport(0, 0) },
                await _front.Ask<HttpFrontProtocol.Health>(new HttpFrontProtocol.GetHealth(Patience), Patience));
        _health.Answer = _ => Task.FromResult<string?>("red");
        Assert.Equal(
            new HttpFrontProtocol.Health(false, "red", 3, 1) { Load = new LoadReport(0, 0) },
                await _front.Ask<HttpFrontProtocol.Health>(new HttpFrontProtocol.GetHealth(Patience), Patience));
    }

    [Fact]
    public async Task Role_OverAWholeLife_TurnsInOrder()
    {
        var turns = new List<string>();
        _role.OnServing(_ => Note("serving"));
        _role.OnPromoted(_ => Note("promoted"));
        _role.OnDraining(_ => Note("draining"));
        _front.Tell(new FrontOrder.AnnounceServing());
        _front.Tell(new FrontOrder.TakeRole());
        await RoundTrip();
        Assert.True(_state.Ready && _role.IsPrimary);
        _front.Tell(new FrontOrder.YieldRole());
        await _lifecycle.ExpectMsgAsync<LifecycleEvent.RoleYielded>();
        Assert.False(_role.IsPrimary);
        Assert.Equal(["serving", "promoted", "draining"], turns);

        Task Note(string turn)
        {
            turns.Add(turn);
            return Task.CompletedTask;
        }
    }

    [Fact]
    public async Task YieldRole_AskedAgainWhileHandlersRun_IsAnsweredWhenTheyHaveEnded()
    {
        var draining = new TaskCompletionSource();
        _role.OnDraining(_ => draining.Task);
        _front.Tell(new FrontOrder.TakeRole());
        _front.Tell(new FrontOrder.YieldRole());
        _front.Tell(Kill.Instance);
        _front.Tell(new FrontOrder.YieldRole()); // as after every restart of an actor
        await RoundTrip();
        await RoundTrip();
        Assert.False(_lifecycle.HasMessages);
        draining.SetResult();
        await _lifecycle.ExpectMsgAsync<LifecycleEvent.RoleYielded>();
    }

    [Fact]
    public async Task YieldRole_TakenBackMeanwhile_IsNotAnsweredLate()
    {
        var draining = new TaskCompletionSource();
        _role.OnDraining(_ => draining.Task);
        _front.Tell(new FrontOrder.TakeRole());
        _front.Tell(new FrontOrder.YieldRole());
        _front.Tell(new FrontOrder.TakeRole());
        await RoundTrip();
        draining.SetResult();
        await Until(() => _role.IsPrimary);
        await RoundTrip();
        Assert.False(_lifecycle.HasMessages); // the next reload would have taken it for its own answer
    }

    [Fact]
    public async Task FailReadiness_KeepsTheConnectionsOpen()
    {
        _front.Tell(new FrontOrder.AnnounceServing());
        _front.Tell(new FrontOrder.FailReadiness());
        await RoundTrip();
        Assert.False(_state.Ready || _state.Draining);
    }

    [Fact]
    public async Task BeginDrain_NothingOpen_IsDrainedAtOnce()
    {
        _front.Tell(new FrontOrder.BeginDrain());
        Assert.Equal(0, (await _lifecycle.ExpectMsgAsync<LifecycleEvent.ConnectionsDrained>()).Aborted);
        Assert.True(_state.Draining);
        Assert.False(_state.Move.Moving);
    }

    [Fact]
    public async Task BeginDrain_Moving_IsKnownBeforeAnyResponseSaysClose()
    {
        _connections.Arrived();
        _front.Tell(new FrontOrder.BeginDrain(MoveWay.Predecessor));
        await RoundTrip();
        Assert.True(_state.Draining && _state.Move.Moving);
        _state.Move.Moving = false; // the carrier was lost
        _front.Tell(new FrontOrder.BeginDrain(MoveWay.Predecessor)); // asked again after a restart
        await RoundTrip();
        Assert.False(_state.Move.Moving);
    }

    [Fact]
    public async Task BeginDrain_LastConnectionEnds_IsDrainedOnceWithTheCounts()
    {
        var (one, two) = (_open.Open(), _open.Open());
        _front.Tell(new FrontOrder.BeginDrain());
        _front.Tell(new FrontOrder.BeginDrain());
        await RoundTrip(); // it counts who is there
        await one.EndAsync();
        await RoundTrip();
        Assert.False(_lifecycle.HasMessages);
        _state.Answered(200);
        await two.EndAsync();
        var drained = await _lifecycle.ExpectMsgAsync<LifecycleEvent.ConnectionsDrained>();
        Assert.Equal((0, 2, 1L), (drained.Aborted, drained.Counts!.Connections, drained.Counts.Requests));
        await RoundTrip();
        Assert.False(_lifecycle.HasMessages);
    }

    [Fact]
    public async Task BeginDrain_OlderGenerationMovesYet_IsDrainedWhenNothingComesAnyMore()
    {
        var closed = new TaskCompletionSource();
        _state.CloseIntake = _ => closed.Task;
        _front.Tell(new FrontOrder.BeginDrain());
        await RoundTrip();
        var late = _open.Open();
        closed.SetResult();
        await RoundTrip();
        Assert.False(_lifecycle.HasMessages);
        await late.EndAsync();
        await _lifecycle.ExpectMsgAsync<LifecycleEvent.ConnectionsDrained>();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task BeginDrain_OlderGenerationIsBusyYet_PassesItsConnectionsOnOnlyInAReload(bool reload)
    {
        var asked = new List<bool>();
        _state.CloseIntake = finish =>
        {
            asked.Add(finish);
            return Task.CompletedTask;
        };
        _front.Tell(new FrontOrder.BeginDrain(reload ? MoveWay.Successor : MoveWay.Predecessor));
        await _lifecycle.ExpectMsgAsync<LifecycleEvent.ConnectionsDrained>();
        Assert.Equal([reload], asked);
    }

    [Fact]
    public async Task BeginDrain_AdoptedOneWaitsForKestrel_TheIntakeIsOpenYet()
    {
        _mover.SetAutoPilot(new DelegateAutoPilot((_, _) => AutoPilot.KeepRunning));
        _connections.Arrived();
        _front.Tell(new FrontOrder.BeginDrain(MoveWay.Successor));
        await RoundTrip();
        Assert.False(_mover.HasMessages); // it would tell the successor that nothing follows
        _connections.Left();
        await _mover.ExpectMsgAsync<MoverProtocol.IntakeClosed>();
    }

    [Fact]
    public async Task BeginDrain_ConnectionsOnTheirWayYet_AreWaitedFor()
    {
        _mover.SetAutoPilot(new DelegateAutoPilot((_, _) => AutoPilot.KeepRunning));
        _front.Tell(new FrontOrder.BeginDrain(MoveWay.Predecessor));
        await _mover.ExpectMsgAsync<MoverProtocol.IntakeClosed>();
        await _mover.ExpectMsgAsync<MoverProtocol.Flush>();
        await RoundTrip();
        Assert.False(_lifecycle.HasMessages);
        _mover.Reply(new MoverProtocol.Flushed());
        await _lifecycle.ExpectMsgAsync<LifecycleEvent.ConnectionsDrained>();
    }

    [Fact]
    public async Task BeginDrain_Again_CountsWhatCameBackMeanwhile()
    {
        _front.Tell(new FrontOrder.BeginDrain());
        await _lifecycle.ExpectMsgAsync<LifecycleEvent.ConnectionsDrained>();
        var returned = _open.Open(); // by a successor that was ended
        _front.Tell(new FrontOrder.BeginDrain());
        await RoundTrip();
        Assert.False(_lifecycle.HasMessages);
        await returned.EndAsync();
        await _lifecycle.ExpectMsgAsync<LifecycleEvent.ConnectionsDrained>();
    }

    [Fact]
    public async Task BeginDrain_ActorKilled_IsDrainedWhenAskedAgain()
    {
        var one = _open.Open();
        _front.Tell(new FrontOrder.BeginDrain());
        _front.Tell(Kill.Instance);
        _front.Tell(new FrontOrder.BeginDrain());
        await RoundTrip();
        await one.EndAsync();
        await _lifecycle.ExpectMsgAsync<LifecycleEvent.ConnectionsDrained>();
    }

    // They end with this process, as nobody takes them.
    [Fact]
    public async Task Abort_SomeWaitForAnotherGeneration_CountAsClosed()
    {
        _front.Tell(new FrontOrder.BeginDrain(MoveWay.Predecessor));
        _state.Move.OnTheWay = 3;
        _front.Tell(new FrontOrder.AbortConnections());
        var drained = await _lifecycle.FishForMessageAsync<LifecycleEvent.ConnectionsDrained>(message =>
            message.Counts is { ClosedIdle: > 0 });
        Assert.Equal((0, 3), (drained.Aborted, drained.Counts!.ClosedIdle));
        Assert.True(_log.Has(EventIds.Aborted));
    }

    [Fact]
    public async Task Abort_RunningAndIdle_CutsOnlyTheRunningAndCountsThem()
    {
        var (busy, idle) = (_open.Open(requests: 1), _open.Open());
        _front.Tell(new FrontOrder.BeginDrain());
        _front.Tell(new FrontOrder.AbortConnections());
        var drained = await _lifecycle.ExpectMsgAsync<LifecycleEvent.ConnectionsDrained>();
        Assert.Equal((1, 1, 1), (drained.Aborted, drained.Counts!.AbortedRequests, drained.Counts.ClosedIdle));
        var end = await Assert.ThrowsAsync<SocketException>(() => busy.Client.ReceiveAsync(new byte[1]).WaitAsync(Patience));
        Assert.Equal(SocketError.ConnectionReset, end.SocketErrorCode);
        Assert.False(idle.Client.Poll(0, SelectMode.SelectRead)); // left to Kestrel's stop, which ends it with a FIN
    }

    [Fact]
    public async Task GetLoad_Counts_OpenConnectionsAndBusyOnes()
    {
        _open.Open(requests: 1);
        _open.Open();
        Assert.Equal(new HttpFrontProtocol.Load(2, 1), await _front.Ask<HttpFrontProtocol.Load>(new HttpFrontProtocol.GetLoad(), Patience));
    }

    protected override void AfterAll()
    {
        base.AfterAll();
        _open.Dispose();
    }

    private Task RoundTrip() => RoundTrip(_front);
}
