using Ips.Host.ProcessTests.Harness;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests;

/// <summary>The same over 500 reloads.</summary>
[Collection(Alone.Name), Trait("kind", "soak")]
public sealed class AlternatingReloadSoakTests(ITestOutputHelper output) : AlternatingReloadTests(output)
{
    /// <inheritdoc/>
    protected override int Reloads => 500;
}
