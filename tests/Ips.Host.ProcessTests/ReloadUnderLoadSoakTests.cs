using Ips.Host.ProcessTests.Harness;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests;

/// <summary>The same over 100 reloads.</summary>
[Collection(Alone.Name), Trait("kind", "soak")]
public sealed class ReloadUnderLoadSoakTests(ITestOutputHelper output) : ReloadUnderLoadTests(output)
{
    /// <inheritdoc/>
    protected override int Reloads => 100;

    /// <inheritdoc/>
    protected override int DaemonReloads => 100;
}
