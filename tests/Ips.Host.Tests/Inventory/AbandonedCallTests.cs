using Ips.Host.Inventory.Storage;

namespace Ips.Host.Tests.Inventory;

/// <summary>A call of the store that is given up costs no thread of the pool: the requests of other clients would wait for one.</summary>
[Trait("issue", "12")]
public sealed class AbandonedCallTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Abandon_CancelsOnAThreadOfItsOwn()
    {
        var onPool = new TaskCompletionSource<bool>();
        var call = new TaskCompletionSource();
        var abandoned = new CancellationTokenSource();
        abandoned.Token.Register(() => onPool.SetResult(Thread.CurrentThread.IsThreadPoolThread));
        PostgresInventoryStore.Abandon(call.Task, abandoned);
        Assert.False(await onPool.Task.WaitAsync(Patience));
        call.SetException(new IOException("the server is gone")); // nobody is left to see it
    }
}
