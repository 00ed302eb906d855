using Xunit.Abstractions;

namespace Ips.Host.ProcessTests;

/// <summary>The same over 100 reloads.</summary>
[Trait("kind", "soak")]
public sealed class ReloadUnderLoadSoakTests(ITestOutputHelper output) : ReloadUnderLoadTests(output)
{
    /// <inheritdoc/>
    protected override int Reloads => 100;

    /// <inheritdoc/>
    protected override int DaemonReloads => 100;
}
