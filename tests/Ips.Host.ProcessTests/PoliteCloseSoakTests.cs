using Xunit.Abstractions;

namespace Ips.Host.ProcessTests;

/// <summary>The same over 100 reloads.</summary>
[Trait("kind", "soak")]
public sealed class PoliteCloseSoakTests(ITestOutputHelper output) : PoliteCloseTests(output)
{
    /// <inheritdoc/>
    protected override int Reloads => 100;
}
