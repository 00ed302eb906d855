using Ips.Host.ProcessTests.Harness;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests;

/// <summary>The same with 200 tunnels over 20 reloads.</summary>
[Collection(Alone.Name), Trait("kind", "soak")]
public sealed class GatewayTunnelSoakTests(ITestOutputHelper output) : GatewayTunnelTests(output)
{
    /// <inheritdoc/>
    protected override int Clients => 200;

    /// <inheritdoc/>
    protected override int Reloads => 20;

    /// <inheritdoc/>
    protected override int MaxBytes => 1_000_000;

    [Theory]
    [InlineData(1, 5)]
    [InlineData(1, 20)]
    [InlineData(1, 80)]
    [InlineData(2, 5)]
    [InlineData(2, 20)]
    [InlineData(2, 80)]
    public Task Move_AGenerationIsKilledLaterInIt_NothingHangsAndTheNextReloadMoves(int generation, int ms) =>
        KillInMoveAsync(generation, TimeSpan.FromMilliseconds(ms));

    // As many as a process may have open where a service manager gives it 20,000: 5 % are left.
    [Fact]
    public Task Move_ThousandsOfTunnelsHardlyAnyDescriptorLeft_WaitsForRoomAndClosesTheRestPolitely() =>
        MoveScarceAsync(limit: 20_000, tunnels: 9_350, TimeSpan.FromSeconds(12));
}
