namespace Ips.Transport.Tests.Tunnels;

/// <summary>The same with more of each.</summary>
[Trait("kind", "soak")]
public sealed class TunnelMoveSoakTests : TunnelMoveTests
{
    /// <inheritdoc/>
    protected override int Clients => 40;

    /// <inheritdoc/>
    protected override int Moves => 60;
}
