using System.Net.Sockets;
using Ips.Actors.Tests.HttpFront;
using Ips.Actors.Transport;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace Ips.Actors.Tests.Transport;

/// <summary>The count of connections that a drain waits for.</summary>
public sealed class ConnectionRegistryTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly ConnectionRegistry _registry = new();
    private readonly OpenConnections _open;

    public ConnectionRegistryTests() => _open = new OpenConnections(_registry);

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
    public void WhenNoneWaits_ConnectionThatKestrelHasTaken_IsNotWaitedFor()
    {
        _registry.Arrived();
        _open.Open();
        var none = _registry.WhenNoneWaits();
        Assert.False(none.IsCompleted);
        _registry.Left();
        Assert.True(none.IsCompletedSuccessfully);
        Assert.True(_registry.WhenNoneWaits().IsCompletedSuccessfully);
        Assert.Equal(1, _registry.Open);
    }

    [Fact]
    public async Task WhenEmpty_LastConnectionEnds_IsComplete()
    {
        var (one, two) = (_open.Open(), _open.Open());
        var empty = _registry.WhenEmpty();
        one.Client.Dispose(); // by its client
        await two.EndAsync().WaitAsync(Patience); // by the server
        await empty.WaitAsync(Patience);
        Assert.Empty(_registry.Connections);
    }

    [Fact]
    public void Opened_EachConnectionThatRuns_IsTold()
    {
        var told = new List<HandoverConnection>();
        _registry.Opened = told.Add;
        var one = _open.Open();
        _registry.Opened = null;
        _open.Open();
        Assert.Equal([one.Connection], told);
    }

    [Fact]
    public async Task AbortBusy_Mixed_CountsRequestsAndLeavesTheIdle()
    {
        var (busy, idle, done) = (_open.Open(requests: 3), _open.Open(), _open.Open(requests: 1)); // three at once: HTTP/2
        await done.EndRequestAsync();
        Assert.Equal(1, _registry.Busy);
        Assert.Equal(3, _registry.AbortBusy("the deadline"));
        await Assert.ThrowsAsync<SocketException>(() => busy.Client.ReceiveAsync(new byte[1]).WaitAsync(Patience));
        Assert.False(idle.Client.Poll(0, SelectMode.SelectRead) || done.Client.Poll(0, SelectMode.SelectRead));
    }

    [Fact]
    public void CloseIdle_UnreadOnesSpared_ClosesTheOthersAndThenAll()
    {
        var (idle, asking) = (Kestrel.Takes(_open.Open()), Kestrel.Takes(_open.Open(requests: 1)));
        var (client, chunk, sent, most) = (asking.Served.Client, new byte[64 * 1024], 0, new SocketTransportOptions().MaxReadBufferSize);
        client.Blocking = false;
        // Nobody reads: more than the input takes, and one receive beyond it, stays unread.
        Assert.True(SpinWait.SpinUntil(() => (sent += client.Send(chunk, SocketFlags.None, out _)) > most + (2 * chunk.Length), Patience));
        _registry.CloseIdle(spareUnread: true);
        Assert.Equal((1, 0), (idle.Asked, asking.Asked));
        _registry.CloseIdle(spareUnread: false);
        Assert.Equal(1, asking.Asked);
    }

    [Fact]
    public void CloseIdle_ConnectionThatKestrelTakesLater_IsClosedThen()
    {
        var waiting = _open.Open();
        _registry.CloseIdle(spareUnread: false);
        Assert.Equal(1, Kestrel.Takes(waiting).Asked);
        Assert.Equal(1, Kestrel.Takes(_open.Open()).Asked); // and one that was accepted and had not begun
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
            await Task.WhenAll(waits).WaitAsync(Patience);
        }
    }

    public void Dispose() => _open.Dispose();

    /// <summary>What Kestrel sets on a connection that it takes.</summary>
    private sealed class Kestrel : IConnectionLifetimeNotificationFeature
    {
        private Kestrel(Served served) => Served = served;

        public Served Served { get; }

        public int Asked { get; private set; }

        public CancellationToken ConnectionClosedRequested { get; set; }

        public static Kestrel Takes(Served served)
        {
            var kestrel = new Kestrel(served);
            served.Connection.Features.Set<IConnectionLifetimeNotificationFeature>(kestrel);
            return kestrel;
        }

        public void RequestClose() => Asked++;
    }
}
