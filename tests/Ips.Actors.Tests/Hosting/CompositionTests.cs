using System.Net;
using System.Net.Sockets;
using Akka.Actor;
using Akka.TestKit;
using Ips.Actors.Configuration;
using Ips.Actors.Control;
using Ips.Actors.Files;
using Ips.Actors.Handover;
using Ips.Actors.Hosting;
using Ips.Actors.HttpFront;
using Ips.Actors.Lifecycle;
using Ips.Actors.Listener;
using Ips.Actors.Posix;
using Ips.Actors.Predecessor;
using Ips.Actors.Reloader;
using Ips.Actors.Signals;
using Ips.Actors.Tests.HttpFront;
using Ips.Actors.Tests.Lifecycle;
using Ips.Actors.Tests.Listener;
using Ips.Actors.Tests.Reloader;
using Ips.Actors.Tests.Signals;
using Ips.Actors.Tests.Support;
using Ips.Actors.Transport;
using Xunit.Abstractions;

namespace Ips.Actors.Tests.Hosting;

/// <summary>All actors of a generation together, each killed at each phase of a reload: nothing is lost and nothing hangs.</summary>
public sealed class CompositionTests : ActorTest
{
    private readonly ITestOutputHelper _output;
    private readonly RecordingLog _log = new();
    private readonly RecordingProcess _process = new();
    private readonly FakeSignals _signals = new();
    private readonly TemporaryFolder _folder = new();
    private readonly IpsOptions _options = new();
    private readonly LifecycleMemory _memory = new(new LifecycleState.Starting());
    private readonly ListenerTable _table;
    private readonly RuntimeFiles _identity;
    private readonly FakeLauncher _launcher;
    private readonly TestProbe _successor;
    private readonly TestProbe _waiter;
    private readonly Dictionary<string, IActorRef> _actors = [];
    private readonly EndPoint _endPoint;
    private int _accepted;

    public CompositionTests(ITestOutputHelper output)
    {
        _output = output;
        (_successor, _waiter) = (CreateTestProbe(), CreateTestProbe());
        _launcher = new FakeLauncher(_successor.Ref);
        _identity = RuntimeFiles.Claim(_folder.File("ips.pid"), _log);
        _table = new ListenerTable([], 16, _ => { });
        var ready = new TaskCompletionSource();
        Sys.ActorOf(Props.Create(() => new ActorGuardian(context => Compose(context, ready), code => _process.Exit(code), _log)), "ips");
        ready.Task.Wait(Patience);
        _endPoint = _actors["listener"].Ask<ListenerProtocol.Bound>(new ListenerProtocol
            .Bind(new IPEndPoint(IPAddress.Loopback, 0), new EagerTaker((fd, _) => Accepted(fd))), Patience).Result.EndPoint;
        _actors["front"].Tell(new HttpFrontProtocol.HostStarted());
    }

    public static TheoryData<string> Names => ["lifecycle", "listener", "mover", "front", "reloader", "predecessor", "control", "signals"];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Reload_ActorKilledInEachPhase_IsPromoted(string victim)
    {
        await Reached("Serving");
        await KillAsync(victim);
        Accepts();
        _signals.Send(SignalNumbers.SIGUSR2);
        await Reached("AwaitingReady");
        await KillAsync(victim);
        Accepts();

        var successor = await Launched(1);
        successor.Say(new HelloFrame(1, 1, successor.Pid, "2.0"));
        await Said<WelcomeFrame>();
        await KillAsync(victim);
        successor.Say(new ReadyFrame());
        await Said<ServeFrame>();
        successor.Say(new HealthFrame(true, 0, 0));
        await Reached("OnProbation");
        await KillAsync(victim);
        await PassProbationAsync(successor);
        await Said<PromoteFrame>();
        await KillAsync(victim);
        successor.Say(new PromotedFrame());
        Assert.Equal(ExitCode.Clean, await _process.Exited.WaitAsync(Patience));
        Assert.Equal("promoted", Assert.Single(_memory.History.Receipts).Outcome);
        Assert.Single(_launcher.Launched);
        Assert.Empty(_table.Entries);
        Assert.DoesNotContain(Drain(_successor), message => message is string or FakeSuccessor.Sent { Frame: StopFrame });
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Rollback_ActorKilledWhileTheSuccessorEnds_ServesAndReloadsAgain(string victim)
    {
        await Reached("Serving");
        for (var round = 0; round < 2; round++)
        {
            _signals.Send(SignalNumbers.SIGUSR2);
            await Reached("AwaitingReady");
            var successor = await Launched(round + 1);
            successor.Say(new HelloFrame(1, 1, successor.Pid, "2.0"));
            successor.Say(new FailedFrame("the store cannot be opened"));
            await Said<StopFrame>();
            await KillAsync(victim);
            Assert.Equal("RollingBack", await State());
            Accepts();
            successor.CloseChannel();
            successor.End(1);
            await Reached("Serving");
            Accepts();
        }

        Assert.Equal(2, _launcher.Launched.Count);
        Assert.Equal(["the store cannot be opened", "the store cannot be opened"],
            _memory.History.Receipts.Select(receipt => receipt.Reason));
        Assert.All(_launcher.Launched, successor => Assert.True(successor.Disposed));
    }

    // More often than an actor may fail that speaks with nobody outside.
    [Theory]
    [Trait("issue", "11")]
    [InlineData("reloader")]
    [InlineData("predecessor")]
    [InlineData("control")]
    public async Task Reload_ActorThatSpeaksWithPeersFailsAgainAndAgain_NeverStopsTheService(string victim)
    {
        await Reached("Serving");
        _signals.Send(SignalNumbers.SIGUSR2);
        await Reached("AwaitingReady");
        var successor = await Launched(1);
        successor.Say(new HelloFrame(1, 1, successor.Pid, "2.0"));
        await Said<WelcomeFrame>();
        successor.Say(new ReadyFrame());
        await Said<ServeFrame>();
        successor.Say(new HealthFrame(true, 0, 0));
        await Reached("OnProbation");
        for (var i = 0; i < 25; i++) await KillAsync(victim);
        if (victim == "reloader")
        {
            await Said<StopFrame>(); // the successor is given up
            successor.CloseChannel();
            successor.End(0);
            await Reached("Serving");
            Assert.Equal("rolled-back", Assert.Single(_memory.History.Receipts).Outcome);
            Accepts();
            _signals.Send(SignalNumbers.SIGUSR2);
            await Launched(2);
        }

        Assert.NotEqual("Draining", await State());
        Assert.False(_process.Exited.IsCompleted);
        Assert.False(_log.Has(Ips.Actors.Diagnostics.EventIds.ActorLost));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Stop_ActorKilledWhileDraining_Exits(string victim)
    {
        await Reached("Serving");
        await KillAsync(victim);
        _signals.Send(SignalNumbers.SIGTERM);
        await KillAsync(victim);
        Assert.Equal(ExitCode.Clean, await _process.Exited.WaitAsync(Patience));
        Assert.Empty(_table.Entries);
    }

    [Fact]
    public async Task Reload_OverTheControlSocket_GivesTheReceiptBeforeTheExit()
    {
        await Reached("Serving");
        using var client = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        client.Connect(new UnixDomainSocketEndPoint(_identity.ControlPath));
        client.Send("{\"verb\":\"reload\"}\n"u8);
        await Reached("AwaitingReady");
        var successor = await Launched(1);
        successor.Say(new HelloFrame(1, 1, successor.Pid, "2.0"));
        await Said<WelcomeFrame>();
        successor.Say(new ReadyFrame());
        await Said<ServeFrame>();
        successor.Say(new HealthFrame(true, 0, 0));
        await Reached("OnProbation");
        await PassProbationAsync(successor);
        await Said<PromoteFrame>();
        successor.Say(new PromotedFrame());
        await _process.Exited.WaitAsync(Patience);
        using var reader = new StreamReader(new NetworkStream(client));
        var lines = (await reader.ReadToEndAsync().WaitAsync(Patience)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Contains("\"outcome\":\"promoted\"", lines[^1], StringComparison.Ordinal);
        Assert.Contains(lines, line => line.Contains("ready after", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Stop_ManySignalsAtOnce_AbortsOnce()
    {
        await Reached("Serving");
        for (var i = 0; i < 20; i++)
        {
            _signals.Send(SignalNumbers.SIGTERM);
        }

        await _process.Exited.WaitAsync(Patience);
        Assert.Single(_process.Calls, call => call.StartsWith("Exit ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Reload_HundredSignals_StartOneSuccessorAndAccountForTheOthers()
    {
        await Reached("Serving");
        for (var i = 0; i < 100; i++)
        {
            _signals.Send(SignalNumbers.SIGUSR2);
        }

        await Reached("AwaitingReady");
        await Until(() => _log.Entries.Count(entry => entry.Id.Id == Ips.Actors.Diagnostics.EventIds.ReloadDeferred) == 99);
        await Launched(1);
    }

    protected override void AfterAll()
    {
        base.AfterAll();
        _log.WriteTo(_output);
        foreach (var id in _table.Entries.Select(entry => entry.Id).ToList())
        {
            _table.Close(id, unlink: true);
        }

        _table.Dispose();
        _identity.CloseControl();
        _identity.Dispose();
        _folder.Dispose();
    }

    private IActorRef[] Compose(IUntypedActorContext context, TaskCompletionSource ready)
    {
        var (gate, connections, role) = (new FrontState(), new ConnectionRegistry(), FrontFixture.Role());
        var (warmup, health) = (new FakeWarmup(), new FakeHealth());
        var (link, slot, ledger) = (new PredecessorLink(null, TimeSpan.FromSeconds(1)), new SuccessorSlot(), new MoveLedger());
        var lifecycle = Add("lifecycle", Props.Create(() => new LifecycleActor(_memory, _process, _options, TimeProvider.System, _log)));
        var listener = Add("listener", Props.Create(() => new ListenerActor(_table, lifecycle, _log)));
        var canary = new CanaryGate(connections);
        var mover = Add("mover", Props.Create(() =>
            new MoverActor(ledger, connections, gate.Move, canary, lifecycle, TimeProvider.System, _log)));
        var front = Add("front", Props.Create(() => new HttpFrontActor(gate, connections, role, warmup, health, mover, lifecycle,
            _log)));
        var reloader = Add("reloader",
            Props.Create(() => new ReloaderActor(slot, _launcher, _identity, listener, mover, lifecycle, _options, _log)));
        var predecessor = Add("predecessor",
            Props.Create(() => new PredecessorActor(link, _identity, front, listener, mover, lifecycle, _log)));
        var daemon = new ControlSession.Daemon(lifecycle, front, () => [], _process.Pid, _process.Generation, _process.Release,
            DateTimeOffset.UnixEpoch);
        var control = Add("control", Props.Create(() => new ControlActor(_identity, daemon, _log)));
        lifecycle.Tell(new LifecycleProtocol.Assemble(new LifecycleCast(listener, reloader, front, predecessor, control)));
        var signals = Add("signals", Props.Create(() => new SignalActor(_signals, lifecycle, _log)));
        ready.TrySetResult();
        return [lifecycle, listener, mover, front, reloader, predecessor, control, signals];

        IActorRef Add(string name, Props props) => _actors[name] = context.ActorOf(props, name);
    }

    private void Accepted(int fd)
    {
        FileDescriptors.Close(fd);
        Interlocked.Increment(ref _accepted);
    }

    private void Accepts()
    {
        var before = Volatile.Read(ref _accepted);
        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        client.Connect(_endPoint);
        Assert.True(SpinWait.SpinUntil(() => Volatile.Read(ref _accepted) > before, Patience), "nothing accepts");
    }

    // Its restart is told to LifecycleActor, which asks everybody again: each has worked on that when this returns.
    private async Task KillAsync(string victim)
    {
        _actors[victim].Tell(Kill.Instance);
        await RoundTrip(_actors[victim]);
        for (var i = 0; i < 2; i++)
        {
            foreach (var actor in _actors.Values)
            {
                await RoundTrip(actor);
            }
        }
    }

    private async Task PassProbationAsync(FakeSuccessor successor)
    {
        for (var passed = TimeSpan.Zero; passed < _options.Reload.Probation; passed += _options.Reload.HealthInterval)
        {
            successor.Say(new HealthFrame(true, 1, 0));
            await RoundTrip(_actors["reloader"]);
            Clock.Advance(_options.Reload.HealthInterval);
        }
    }

    private async Task<string> State() =>
        (await _actors["lifecycle"].Ask<LifecycleProtocol.StatusReply>(new LifecycleProtocol.GetStatus(), Patience)).State;

    // A state is reached before its effects are: the actors work at once.
    private async Task<FakeSuccessor> Launched(int count)
    {
        await Until(() => _launcher.Launched.Count == count);
        return _launcher.Last;
    }

    private Task Reached(string state) => Until(async () => await State() == state);

    private async Task Said<T>()
        where T : HandoverFrame => await _successor.FishForMessageAsync(message => message is FakeSuccessor.Sent { Frame: T });
}
