using Ips.Actors.Tests.HttpFront;
using Ips.Actors.Transport;

namespace Ips.Actors.Tests.Transport;

/// <summary>The count of connections that a drain waits for.</summary>
public sealed class ConnectionRegistryTests
{
    private readonly ConnectionRegistry _registry = new();

    [Fact]
    public void WhenEmpty_NothingOpen_IsComplete() => Assert.True(_registry.WhenEmpty().IsCompletedSuccessfully);

    [Fact]
    public void WhenEmpty_ConnectionThatKestrelHasNotSeen_IsWaitedFor()
    {
        _registry.Arrive();
        var empty = _registry.WhenEmpty();
        Assert.False(empty.IsCompleted);
        _registry.Leave();
        Assert.True(empty.IsCompletedSuccessfully);
        Assert.Equal(0, _registry.Open);
    }

    [Fact]
    public async Task Dispose_Twice_CountsOnce()
    {
        var (connection, _) = FrontFixture.Open(_registry);
        _registry.Arrive();
        await connection.DisposeAsync();
        await connection.DisposeAsync();
        Assert.Equal(1, _registry.Open);
    }

    [Fact]
    public void AbortRunning_Mixed_CountsRequestsNotConnections()
    {
        var (busy, _) = FrontFixture.Open(_registry, requests: 3); // HTTP/2
        FrontFixture.Open(_registry);
        var (done, inner) = FrontFixture.Open(_registry, requests: 1);
        done.RequestEnded();
        Assert.Equal(3, _registry.RunningRequests);
        Assert.Equal(3, _registry.AbortRunning());
        Assert.False(inner.ConnectionClosed.IsCancellationRequested);
        Assert.Equal(3, busy.RunningRequests);
    }

    // Many ends at once against many waits: each wait that began must end, whoever was last.
    [Fact]
    public async Task WhenEmpty_EndsRaceWithWaits_EveryWaitEnds()
    {
        for (var round = 0; round < 200; round++)
        {
            var registry = new ConnectionRegistry();
            for (var i = 0; i < 8; i++)
            {
                registry.Arrive();
            }

            var leaving = Parallel.ForAsync(0, 8, (_, _) =>
            {
                registry.Leave();
                return ValueTask.CompletedTask;
            });
            var waits = Enumerable.Range(0, 8).Select(_ => registry.WhenEmpty()).ToArray();
            await leaving;
            await Task.WhenAll(waits).WaitAsync(TimeSpan.FromSeconds(20));
        }
    }
}
