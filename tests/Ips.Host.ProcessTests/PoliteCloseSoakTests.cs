using Ips.Host.ProcessTests.Harness;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests;

/// <summary>The same over 100 reloads.</summary>
[Collection(Alone.Name), Trait("kind", "soak")]
public sealed class PoliteCloseSoakTests(ITestOutputHelper output) : PoliteCloseTests(output)
{
    /// <inheritdoc/>
    protected override int Reloads => 100;
}
