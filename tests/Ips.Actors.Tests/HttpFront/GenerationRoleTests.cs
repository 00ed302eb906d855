using Ips.Actors.HttpFront;
using Microsoft.Extensions.Time.Testing;

namespace Ips.Actors.Tests.HttpFront;

/// <summary>What an app is promised about its turns.</summary>
public sealed class GenerationRoleTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly FakeTimeProvider _time = new();
    private readonly GenerationRole _role;

    public GenerationRoleTests() => _role = FrontFixture.Role(_time);

    [Fact]
    public async Task IsPrimary_EachTurn_IsSetBeforeItsHandlersRun()
    {
        var seen = new List<bool>();
        _role.OnPromoted(_ => See());
        _role.OnDraining(_ => See());
        await _role.PromoteAsync();
        await _role.DrainAsync();
        Assert.Equal([true, false], seen);
        Assert.Equal(7, _role.Number);

        Task See()
        {
            seen.Add(_role.IsPrimary);
            return Task.CompletedTask;
        }
    }

    [Fact]
    public async Task Turns_AskedTwice_RunHandlersOnce()
    {
        var (promoted, drained) = (0, 0);
        _role.OnPromoted(_ => Task.FromResult(promoted++));
        _role.OnDraining(_ => Task.FromResult(drained++));
        await _role.DrainAsync(); // not primary
        await _role.PromoteAsync();
        await _role.PromoteAsync();
        await _role.DrainAsync();
        await _role.DrainAsync();
        Assert.Equal((1, 1), (promoted, drained));
    }

    [Fact]
    public async Task Promote_WhileDrainingHandlersRun_WaitsForThem()
    {
        var draining = new TaskCompletionSource();
        var order = new List<string>();
        await _role.PromoteAsync();
        _role.OnDraining(async _ =>
        {
            await draining.Task;
            order.Add("drained");
        });
        _role.OnPromoted(_ =>
        {
            order.Add("promoted");
            return Task.CompletedTask;
        });
        var (drain, promote) = (_role.DrainAsync(), _role.PromoteAsync());
        Assert.False(promote.IsCompleted);
        draining.SetResult();
        await Task.WhenAll(drain, promote).WaitAsync(Patience);
        Assert.Equal(["drained", "promoted"], order);
        Assert.True(_role.IsPrimary);
    }

    [Fact]
    public async Task Handler_Throws_TheOthersRunAndTheTurnEnds()
    {
        var ran = false;
        _role.OnServing(_ => throw new InvalidOperationException("at once"));
        _role.OnServing(_ => Task.FromException(new InvalidOperationException("later")));
        _role.OnServing(_ => Task.FromResult(ran = true));
        await _role.ServeAsync().WaitAsync(Patience);
        Assert.True(ran);
    }

    [Fact]
    public async Task Handler_NeverEnds_IsCancelledAndLeftAloneAfterTenSeconds()
    {
        var cancelled = new TaskCompletionSource();
        await _role.PromoteAsync();
        _role.OnDraining(token =>
        {
            token.Register(cancelled.SetResult);
            return new TaskCompletionSource().Task;
        });
        var drain = _role.DrainAsync();
        _time.Advance(GenerationRole.HandlerTimeout - TimeSpan.FromMilliseconds(1));
        Assert.False(drain.IsCompleted || cancelled.Task.IsCompleted);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        await drain.WaitAsync(Patience);
        await cancelled.Task.WaitAsync(Patience);
    }

    [Fact]
    public async Task Registration_Disposed_IsNotCalled()
    {
        var called = 0;
        _role.OnServing(_ => Task.FromResult(called++)).Dispose();
        await _role.ServeAsync();
        Assert.Equal(0, called);
        Assert.Throws<ArgumentNullException>(() => _role.OnServing(null!));
    }
}
