using Akka.Actor;
using Akka.TestKit;
using Ips.Actors.Configuration;
using Ips.Actors.HttpFront;
using Ips.Actors.Lifecycle;
using Ips.Actors.Tests.Support;
using Ips.Actors.Transport;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Ips.Actors.Tests.HttpFront;

/// <summary>When clients that stay for long are told to leave, and how long the app's own end waits for them.</summary>
public sealed class GuestsTests : ActorTest
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(12);

    private readonly FrontState _state = new();
    private readonly ConnectionRegistry _connections = new();
    private readonly FakeTimeProvider _time = new();
    private readonly DrainOptions _drain = new();
    private readonly PoliteClose _close;
    private readonly TestProbe _lifecycle;
    private readonly IActorRef _front;

    public GuestsTests()
    {
        _connections.Arrived(); // one that does not end
        _close = new PoliteClose(_state, _connections, _drain, _time, NullLogger.Instance);
        _lifecycle = CreateTestProbe();
        var mover = CreateTestProbe();
        _front = Supervise(Props.Create(() => new HttpFrontActor(_state, _connections, FrontFixture.Role(null), new FakeWarmup(),
            new FakeHealth(), mover.Ref, _lifecycle.Ref, NullLogger.Instance, _time)));
    }

    [Fact]
    public async Task AwaitGuests_Nobody_IsAnsweredAtOnceWhenTheDrainBegins()
    {
        _front.Tell(new FrontOrder.AwaitGuests(s_limit)); // a rollback asks before the listeners are released
        await RoundTrip(_front);
        Assert.False(_lifecycle.HasMessages);
        _front.Tell(new FrontOrder.BeginDrain(MoveWay.Predecessor));
        await _lifecycle.ExpectMsgAsync<LifecycleEvent.GuestsLeft>();
    }

    [Fact]
    public async Task AwaitGuests_SomeAreThere_IsAnsweredWhenTheLastHasLeft()
    {
        using var one = _close.WhenLeaving(new Guest());
        var two = _close.WhenLeaving(new Guest());
        _front.Tell(new FrontOrder.BeginDrain(MoveWay.Successor));
        _front.Tell(new FrontOrder.AwaitGuests(s_limit)); // a reload asks when the idle connections have moved
        await RoundTrip(_front);
        one.Dispose();
        await RoundTrip(_front);
        Assert.False(_lifecycle.HasMessages);
        two.Dispose();
        await _lifecycle.ExpectMsgAsync<LifecycleEvent.GuestsLeft>();
    }

    [Fact]
    public async Task AwaitGuests_OneStays_IsAnsweredAtTheLimit()
    {
        using var one = _close.WhenLeaving(new Guest());
        _front.Tell(new FrontOrder.BeginDrain(MoveWay.Successor));
        _front.Tell(new FrontOrder.AwaitGuests(s_limit));
        await RoundTrip(_front);
        _time.Advance(s_limit - TimeSpan.FromMilliseconds(1));
        await RoundTrip(_front);
        Assert.False(_lifecycle.HasMessages);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        await _lifecycle.ExpectMsgAsync<LifecycleEvent.GuestsLeft>();
    }

    [Fact]
    public async Task AwaitGuests_ActorKilled_IsAnsweredWhenAskedAgain()
    {
        using var one = _close.WhenLeaving(new Guest());
        _front.Tell(new FrontOrder.BeginDrain(MoveWay.Successor));
        _front.Tell(new FrontOrder.AwaitGuests(s_limit));
        _front.Tell(Kill.Instance);
        _front.Tell(new FrontOrder.BeginDrain(MoveWay.Successor));
        _front.Tell(new FrontOrder.AwaitGuests(s_limit));
        await RoundTrip(_front);
        one.Dispose();
        await _lifecycle.FishForMessageAsync<LifecycleEvent.GuestsLeft>(_ => true);
    }

    [Fact]
    public async Task Reload_Guests_AreToldWithinTheSpread()
    {
        var (guest, atOnce) = (new Guest(), new Guest { AtOnce = true });
        using var one = _close.WhenLeaving(guest);
        using var two = _close.WhenLeaving(atOnce);
        _state.Draining = true;
        await atOnce.Told.WaitAsync(Patience);
        await Until(() =>
        {
            _time.Advance(_drain.WebsocketSpread / 10); // its moment may be armed after the first
            return Task.FromResult(guest.Told.IsCompleted);
        });
        _time.Advance(_drain.IdleGrace);
        Assert.False(guest.Aborted.IsCompleted || atOnce.Aborted.IsCompleted); // they have the whole drain
    }

    [Fact]
    public async Task Stop_Guests_AreToldAtOnceAndHaveTheGraceToGo()
    {
        var (guest, gone) = (new Guest(), new Guest());
        using var one = _close.WhenLeaving(guest);
        var two = _close.WhenLeaving(gone);
        _state.Ending = true;
        _state.Draining = true;
        await Task.WhenAll(guest.Told, gone.Told).WaitAsync(Patience); // without a step of the clock
        two.Dispose();
        await Until(() =>
        {
            _time.Advance(_drain.IdleGrace);
            return Task.FromResult(guest.Aborted.IsCompleted);
        });
        Assert.False(gone.Aborted.IsCompleted);
    }

    [Fact]
    public void GoodbyeLimit_LeavesAQuarterOfTheTimeoutAndMore()
    {
        Assert.Equal(TimeSpan.FromSeconds(5 + 7.5), new DrainOptions().GoodbyeLimit);
        var drain = new DrainOptions { Timeout = TimeSpan.FromSeconds(8), WebsocketSpread = TimeSpan.FromHours(1) };
        Assert.Equal(TimeSpan.FromSeconds(4 + 2), drain.GoodbyeLimit);
    }

    private sealed class Guest : IGuest
    {
        private readonly TaskCompletionSource _told = new(), _aborted = new();

        public Task Told => _told.Task;

        public Task Aborted => _aborted.Task;

        public string ConnectionId => "guest";

        public bool AtOnce { get; init; }

        public UnmovableReason StayReason => UnmovableReason.Upgraded;

        public Task<bool> LeaveAsync(CancellationToken gone)
        {
            _told.TrySetResult();
            return Task.FromResult(true);
        }

        public void Abort() => _aborted.TrySetResult();
    }
}
