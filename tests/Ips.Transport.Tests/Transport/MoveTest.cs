using Ips.Actors.Transport;

namespace Ips.Transport.Tests.Transport;

/// <summary>Two Kestrels, and what a client may see of a move from one to the other.</summary>
public abstract class MoveTest : IAsyncLifetime
{
    private protected TestHost A { get; private set; } = null!;

    private protected TestHost B { get; private set; } = null!;

    /// <inheritdoc/>
    public async Task InitializeAsync() => (A, B) = (await TestHost.StartAsync("A"), await TestHost.StartAsync("B"));

    /// <inheritdoc/>
    public async Task DisposeAsync()
    {
        await A.DisposeAsync();
        await B.DisposeAsync();
    }

    private protected static async Task AnswersAsync(RawClient client, string request, string host, string body)
    {
        await client.SendAsync(request);
        Assert.Equal((host, body), await ShortAsync(client));
    }

    private protected static async Task<(string Host, string Body)> ShortAsync(RawClient client)
    {
        var response = await client.ReceiveAsync() ?? throw new EndOfStreamException("The connection ended without an answer.");
        Assert.Equal(200, response.Status);
        return (response.Host, response.Body);
    }

    private protected static async Task<MoveResult.Moved> MovedAsync(Task<MoveResult> move)
    {
        var result = await move.WaitAsync(Limits.Step);
        return result as MoveResult.Moved ?? throw new InvalidOperationException($"Not moved: {result}");
    }

    private protected static async Task NotMovedAsync(Task<MoveResult> move, UnmovableReason reason) =>
        Assert.Equal(new MoveResult.NotMovable(reason), await move.WaitAsync(Limits.Step));
}
