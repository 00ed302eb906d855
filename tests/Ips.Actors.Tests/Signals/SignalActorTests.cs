using Akka.Actor;
using Akka.TestKit;
using Ips.Actors.Diagnostics;
using Ips.Actors.Lifecycle;
using Ips.Actors.Posix;
using Ips.Actors.Signals;
using Ips.Actors.Tests.Support;

namespace Ips.Actors.Tests.Signals;

/// <summary>Signals without a process.</summary>
public sealed class SignalActorTests : ActorTest
{
    private readonly RecordingLog _log = new();
    private readonly FakeSignals _signals = new();
    private readonly TestProbe _lifecycle;

    public SignalActorTests() => _lifecycle = CreateTestProbe();

    [Fact]
    public async Task Signal_EachHandledOne_ReachesTheLifecycleAndTheLog()
    {
        Start();
        foreach (var signal in SignalMap.Handled)
        {
            _signals.Send(signal);
            Assert.Equal(SignalMap.Meaning(signal), await _lifecycle.ExpectMsgAsync<object>());
            Assert.Contains(_log.Entries, entry => entry.Id.Id == EventIds.SignalReceived
                && entry.Text.Contains(SignalMap.Name(signal), StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task Signal_BeforeAnyoneListens_IsNotLost()
    {
        _signals.Send(SignalNumbers.SIGUSR2);
        Start();
        await _lifecycle.ExpectMsgAsync<LifecycleProtocol.Reload>();
    }

    [Fact]
    public async Task Signal_TwiceAtOnce_CountsTwice()
    {
        Start();
        _signals.Send(SignalNumbers.SIGTERM);
        _signals.Send(SignalNumbers.SIGTERM);
        await _lifecycle.ExpectMsgAsync<LifecycleEvent.StopRequested>();
        await _lifecycle.ExpectMsgAsync<LifecycleEvent.StopRequested>();
    }

    [Fact]
    public async Task Restart_SignalsAroundIt_AreNotLost()
    {
        var actor = Start();
        _signals.Send(SignalNumbers.SIGUSR1);
        actor.Tell(Kill.Instance);
        _signals.Send(SignalNumbers.SIGUSR2);
        await _lifecycle.ExpectMsgAsync<LifecycleEvent.LogReopenRequested>();
        await _lifecycle.ExpectMsgAsync<LifecycleProtocol.Reload>();
        await actor.Ask<ActorIdentity>(new Identify(null), Patience);
        Assert.Equal(2, _signals.Subscriptions);
    }

    [Fact]
    public async Task Hangup_IgnoredAtStart_IsSaidOnceInTheLog()
    {
        _signals.HangupIgnored = true;
        await Start().Ask<ActorIdentity>(new Identify(null), Patience);
        Assert.Single(_log.Entries, entry => entry.Id.Id == EventIds.HangupIgnored);
    }

    private IActorRef Start() => Supervise(Props.Create(() => new SignalActor(_signals, _lifecycle.Ref, _log)));
}
