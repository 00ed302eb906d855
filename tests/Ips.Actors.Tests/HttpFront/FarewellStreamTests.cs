using Ips.Actors.HttpFront;

namespace Ips.Actors.Tests.HttpFront;

public sealed class FarewellStreamTests : IDisposable
{
    private static readonly byte[] s_goingAway = [0x88, 2, 0x03, 0xE9];
    private static readonly byte[] s_text = [0x81, 2, (byte)'h', (byte)'i'];

    private readonly MemoryStream _wire = new();

    public void Dispose() => _wire.Dispose();

    [Fact]
    public async Task Leave_BetweenMessages_SendsCloseAndDropsWhatFollows()
    {
        await using var stream = new FarewellStream(_wire);
        await stream.WriteAsync(s_text);
        Assert.True(await stream.LeaveAsync());
        await stream.WriteAsync(s_text);
        Assert.Equal([.. s_text, .. s_goingAway], _wire.ToArray());
    }

    [Fact]
    public async Task Leave_InsideAMessage_WaitsForItsEnd()
    {
        await using var stream = new FarewellStream(_wire);
        await stream.WriteAsync(s_text.AsMemory(0, 3));
        Assert.False(await stream.LeaveAsync());
        Assert.Equal(s_text[..3], _wire.ToArray());
        await stream.WriteAsync(s_text.AsMemory(3));
        Assert.Equal([.. s_text, .. s_goingAway], _wire.ToArray());
    }

    [Fact]
    public async Task Leave_AppHasClosed_SendsNothing()
    {
        await using var stream = new FarewellStream(_wire);
        await stream.WriteAsync((byte[])[0x88, 2, 0x03, 0xE8]);
        Assert.False(await stream.LeaveAsync());
        Assert.Equal([0x88, 2, 0x03, 0xE8], _wire.ToArray());
    }
}
