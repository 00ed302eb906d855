using System.Security.Claims;
using Ips.Actors.Configuration;
using Ips.Actors.HttpFront;
using Ips.Actors.Transport;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Connections;
using Microsoft.AspNetCore.Http.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Ips.Actors.Tests.HttpFront;

/// <summary>The moment at which a client of SignalR is told to leave: between two invocations.</summary>
public sealed class HubFarewellTests
{
    private static readonly AnyHub s_hub = new();
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20), s_hubPatience = TimeSpan.FromSeconds(3);

    private readonly FrontState _state = new();
    private readonly FakeTimeProvider _time = new();
    private readonly HubFarewell _farewell;
    private readonly Caller _caller = new();

    public HubFarewellTests() => _farewell = new HubFarewell(
        new PoliteClose(_state, new ConnectionRegistry(), new DrainOptions { WebsocketSpread = TimeSpan.Zero }, _time, NullLogger.Instance),
        _time, s_hubPatience);

    [Fact]
    public async Task Leaving_NothingRuns_ClosesAfterAQuietMoment()
    {
        await ConnectAsync();
        _state.Draining = true;
        await StepUntilClosedAsync();
        await DisconnectAsync();
        Assert.Equal(0, _state.Guests.Count);
    }

    [Fact]
    public async Task Leaving_InvocationRuns_ClosesAfterIt()
    {
        await ConnectAsync();
        var (running, invoking) = Invoke();
        _state.Draining = true;
        for (var i = 0; i < 100; i++) _time.Advance(TimeSpan.FromSeconds(1)); // the drain has its own deadline
        Assert.False(_caller.CloseRequested.IsCompleted);
        running.SetResult(7);
        Assert.Equal(7, await invoking.WaitAsync(s_patience));
        await StepUntilClosedAsync();
    }

    [Fact]
    public async Task Leaving_CallsFollowEachOther_ClosesWhenPatienceEnds()
    {
        await ConnectAsync();
        _state.Draining = true;
        var since = _time.GetUtcNow();
        using var deadline = new CancellationTokenSource(s_patience);
        while (!_caller.CloseRequested.IsCompleted)
        {
            Assert.False(deadline.IsCancellationRequested, "The client was never told.");
            var (running, invoking) = Invoke();
            _time.Advance(HubFarewell.Quiet);
            running.SetResult(1);
            await invoking;
            await Task.Yield();
        }

        Assert.True(_time.GetUtcNow() - since >= s_hubPatience, "It was told while it called.");
    }

    [Fact]
    public async Task Leaving_InvocationFails_CountsAsEnded()
    {
        await ConnectAsync();
        var (running, invoking) = Invoke();
        _state.Draining = true;
        running.SetException(new HubException("refused"));
        await Assert.ThrowsAsync<HubException>(() => invoking);
        await StepUntilClosedAsync();
    }

    [Fact]
    public async Task Connect_RefusedByTheHub_IsNoGuest()
    {
        await Assert.ThrowsAsync<HubException>(() => _farewell.OnConnectedAsync(_caller.Lifetime, _ => throw new HubException("refused")));
        Assert.Equal(0, _state.Guests.Count);
    }

    // Azure SignalR: the client's connection is the cloud's.
    [Fact]
    public async Task Connect_NoConnectionOfThisServer_IsLeftAlone()
    {
        _caller.Features.Set<IConnectionLifetimeNotificationFeature>(null);
        await ConnectAsync();
        var (running, invoking) = Invoke();
        running.SetResult(1);
        Assert.Equal(1, await invoking);
        await DisconnectAsync();
        Assert.Equal(0, _state.Guests.Count);
    }

    // It has no connection of its own that is waited for: its last answer is under way.
    [Fact]
    public async Task Disconnect_LongPolling_IsAGuestForAnotherSecond()
    {
        _caller.Features.Set<IHttpTransportFeature>(_caller);
        await ConnectAsync();
        await DisconnectAsync();
        Assert.Equal(1, _state.Guests.Count);
        _time.Advance(TimeSpan.FromSeconds(1));
        await _state.Guests.WhenNone().WaitAsync(s_patience);
    }

    private Task ConnectAsync() => _farewell.OnConnectedAsync(_caller.Lifetime, _ => Task.CompletedTask);

    private Task DisconnectAsync() => _farewell.OnDisconnectedAsync(_caller.Lifetime, null, (_, _) => Task.CompletedTask);

    private (TaskCompletionSource<object?> Running, Task<object?> Invoking) Invoke()
    {
        var running = new TaskCompletionSource<object?>();
        return (running, _farewell.InvokeMethodAsync(_caller.Invocation, _ => new ValueTask<object?>(running.Task)).AsTask());
    }

    private async Task StepUntilClosedAsync()
    {
        using var deadline = new CancellationTokenSource(s_patience);
        while (!_caller.CloseRequested.IsCompleted)
        {
            Assert.False(deadline.IsCancellationRequested, "The client was not told.");
            await Task.Yield();
            _time.Advance(HubFarewell.Quiet);
        }
    }

    private sealed class AnyHub : Hub
    {
        public void Call() => _ = Context;
    }

    private sealed class Caller : HubCallerContext, IConnectionLifetimeNotificationFeature, IHttpTransportFeature
    {
        private readonly TaskCompletionSource _closeRequested = new();
        private readonly IServiceProvider _services = new ServiceCollection().BuildServiceProvider();

        public Caller() => Features.Set<IConnectionLifetimeNotificationFeature>(this);

        public Task CloseRequested => _closeRequested.Task;

        public HubLifetimeContext Lifetime => new(this, _services, s_hub);

        public HubInvocationContext Invocation => new(this, _services, s_hub, typeof(AnyHub).GetMethod(nameof(AnyHub.Call))!, []);

        public override string ConnectionId => "caller";

        public override string? UserIdentifier => null;

        public override ClaimsPrincipal? User => null;

        public override IDictionary<object, object?> Items { get; } = new Dictionary<object, object?>();

        public override IFeatureCollection Features { get; } = new FeatureCollection();

        public override CancellationToken ConnectionAborted => CancellationToken.None;

        public HttpTransportType TransportType => HttpTransportType.LongPolling;

        public CancellationToken ConnectionClosedRequested { get; set; }

        public override void Abort()
        {
        }

        public void RequestClose() => _closeRequested.TrySetResult();
    }
}
