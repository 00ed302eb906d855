using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Text;
using Akka.Actor;
using Akka.TestKit;
using Ips.Actors.Configuration;
using Ips.Actors.Diagnostics;
using Ips.Actors.Launch;
using Ips.Actors.Lifecycle;
using Ips.Actors.Systemd;
using Ips.Actors.Tests.Lifecycle;
using Ips.Actors.Tests.Support;
using Microsoft.Extensions.Time.Testing;

namespace Ips.Actors.Tests.Systemd;

/// <summary>LifecycleActor and the service manager.</summary>
public sealed class ServiceNotifierTests : ActorTest
{
    private readonly RecordingProcess _process = new();
    private readonly FakeTimeProvider _time = new();
    private readonly RecordingLog _log = new();
    private readonly RecordingSocket _socket = new();

    [Fact]
    public async Task Loop_Hangs_SoDoTheSignsOfLife()
    {
        var lifecycle = Start(out var manager);
        await RoundTrip(lifecycle);
        Assert.Equal(TimeSpan.FromSeconds(2), manager.TurnInterval);
        Clock.Advance(manager.TurnInterval);
        await RoundTrip(lifecycle);
        Assert.Equal(["WATCHDOG=1\n"], _socket.Sent.Skip(1));

        using var hang = new ManualResetEventSlim();
        _process.Log = () =>
        {
            hang.Wait(Patience);
            return null;
        };
        lifecycle.Tell(new LifecycleEvent.LogReopenRequested());
        Clock.Advance(manager.TurnInterval); // the clock ticks, other threads run
        Clock.Advance(manager.TurnInterval);
        Assert.Equal(2, _socket.Sent.Count);

        hang.Set();
        await RoundTrip(lifecycle);
        Assert.True(_socket.Sent.Count > 2);
    }

    [Fact]
    public async Task Socket_Fails_IsToldOnceAndCostsNothing()
    {
        _socket.Fails = true;
        var lifecycle = Start(out var manager);
        await RoundTrip(lifecycle);
        Clock.Advance(manager.TurnInterval);
        await RoundTrip(lifecycle);
        Assert.Single(_log.Entries, entry => entry.Id == EventIds.NotifyFailed);

        _socket.Fails = false;
        Clock.Advance(manager.TurnInterval);
        await RoundTrip(lifecycle);
        Assert.Equal(["WATCHDOG=1\n"], _socket.Sent);
    }

    // A manager that reads nothing would hold up the loop at each turn, and turns come faster than a wait ends.
    [Fact]
    [Trait("issue", "11")]
    public async Task SignsOfLife_WaitForNobody()
    {
        var lifecycle = Start(out var manager);
        await RoundTrip(lifecycle);
        Clock.Advance(manager.TurnInterval);
        await RoundTrip(lifecycle);
        Assert.Equal(2, _socket.Sent.Count);
        Assert.DoesNotContain("WATCHDOG=1\n", _socket.Awaited);
        Assert.Contains("READY=1", Assert.Single(_socket.Awaited), StringComparison.Ordinal);
    }

    // A first generation that has come to serve.
    private IActorRef Start(out ServiceNotifier manager)
    {
        var made = manager = new ServiceNotifier(
            new NotifySettings("/run/notify", TimeSpan.FromSeconds(6), Supervised: false), _socket, _process.Pid, _process.Generation,
                _time, _log);
        var memory = new LifecycleMemory(new LifecycleState.Starting()) { Notifier = made };
        var probe = CreateTestProbe().Ref;
        var lifecycle = Supervise(Props.Create(() => new LifecycleActor(memory, _process, new IpsOptions(), _time, _log)));
        lifecycle.Tell(new LifecycleProtocol.Assemble(new LifecycleCast(probe, probe, probe, probe, probe)));
        lifecycle.Tell(new LifecycleEvent.FrontReady());
        return lifecycle;
    }

    private sealed class RecordingSocket : INotifySocket
    {
        public ConcurrentQueue<string> Sent { get; } = new();

        public bool Fails { get; set; }

        public ConcurrentQueue<string> Awaited { get; } = new();

        public void Send(ReadOnlySpan<byte> datagram, bool wait)
        {
            if (wait) Awaited.Enqueue(Encoding.UTF8.GetString(datagram));
            if (Fails) throw new SocketException((int)SocketError.ConnectionRefused);
            Sent.Enqueue(Encoding.UTF8.GetString(datagram));
        }
    }
}
