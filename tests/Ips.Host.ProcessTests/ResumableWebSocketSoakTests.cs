using Ips.Host.ProcessTests.Harness;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests;

/// <summary>The same with 201 clients over 20 reloads.</summary>
[Collection(Alone.Name), Trait("kind", "soak")]
public sealed class ResumableWebSocketSoakTests(ITestOutputHelper output) : ResumableWebSocketTests(output)
{
    /// <inheritdoc/>
    protected override int Clients => 67;

    /// <inheritdoc/>
    protected override int Reloads => 20;

    [Theory]
    [InlineData(1, .3)]
    [InlineData(1, .6)]
    [InlineData(1, .9)]
    [InlineData(2, .3)]
    [InlineData(2, .6)]
    [InlineData(2, .9)]
    public Task Move_AGenerationIsKilledLaterInIt_NothingHangsAndTheNextReloadMoves(int generation, double moved) =>
        KillInMoveAsync(generation, moved);
}
