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
        _registry.Arrived();
        var empty = _registry.WhenEmpty();
        Assert.False(empty.IsCompleted);
        _registry.Left();
        Assert.True(empty.IsCompletedSuccessfully);
        Assert.Equal(0, _registry.Open);
    }

    [Fact]
    public async Task Connection_FromArrivalToItsEnd_IsCountedOnce()
    {
        _registry.Arrived();
        var connection = ServedConnection.Open(_registry);
        _registry.Left(); // in the order of HandoverListener: the connection counts itself before it is no longer counted as arrived
        var empty = _registry.WhenEmpty();
        Assert.Equal(1, _registry.Open);
        Assert.False(empty.IsCompleted);
        await connection.DisposeAsync();
        await connection.Connection.DisposeAsync();
        await empty.WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Equal(0, _registry.Open);
    }

    [Fact]
    public async Task Opened_EachConnection_IsToldWhileItIsListed()
    {
        var told = new List<HandoverConnection>();
        _registry.Opened = connection =>
        {
            Assert.Contains(connection, _registry.Connections);
            told.Add(connection);
        };
        await using var one = ServedConnection.Open(_registry);
        _registry.Opened = null;
        await using var two = ServedConnection.Open(_registry);
        Assert.Equal([one.Connection], told);
    }

    [Fact]
    public async Task AbortBusy_Mixed_CountsRequestsAndLeavesTheIdle()
    {
        await using var busy = ServedConnection.Open(_registry, requests: 3); // HTTP/2
        await using var idle = ServedConnection.Open(_registry);
        await using var done = ServedConnection.Open(_registry, requests: 1);
        await done.EndRequestAsync();
        Assert.Equal(1, _registry.Busy);
        Assert.Equal(3, _registry.AbortBusy("test"));
        await busy.Ended.WaitAsync(TimeSpan.FromSeconds(20));
        Assert.False(idle.Ended.IsCompleted || done.Ended.IsCompleted);
        Assert.Equal(0, _registry.AbortAll("test"));
        await Task.WhenAll(idle.Ended, done.Ended).WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Equal(0, _registry.Open);
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
                registry.Arrived();
            }

            var leaving = Parallel.ForAsync(0, 8, (_, _) =>
            {
                registry.Left();
                return ValueTask.CompletedTask;
            });
            var waits = Enumerable.Range(0, 8).Select(_ => registry.WhenEmpty()).ToArray();
            await leaving;
            await Task.WhenAll(waits).WaitAsync(TimeSpan.FromSeconds(20));
        }
    }
}
