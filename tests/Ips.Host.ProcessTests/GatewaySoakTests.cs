using Xunit.Abstractions;

namespace Ips.Host.ProcessTests;

/// <summary>The same over 100 reloads.</summary>
[Trait("kind", "soak")]
public sealed class GatewaySoakTests(ITestOutputHelper output) : GatewayTests(output)
{
    /// <inheritdoc/>
    protected override int Reloads => 100;
}
