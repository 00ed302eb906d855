using Xunit.Abstractions;

namespace Ips.Host.ProcessTests;

/// <summary>The same over 500 reloads.</summary>
[Trait("kind", "soak")]
public sealed class AlternatingReloadSoakTests(ITestOutputHelper output) : AlternatingReloadTests(output)
{
    /// <inheritdoc/>
    protected override int Reloads => 500;
}
