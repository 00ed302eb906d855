using Ips.Host.ProcessTests.Harness;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests.Inventory;

/// <summary>The same, killed 100 times.</summary>
[Collection(Alone.Name), Trait("kind", "soak")]
public sealed class InventoryKillSoakTests(ITestOutputHelper output) : InventoryKillTests(output)
{
    /// <inheritdoc/>
    protected override int Rounds => 100;
}

/// <summary>The same over 100 reloads.</summary>
[Collection(Alone.Name), Trait("kind", "soak")]
public sealed class InventoryReloadSoakTests(ITestOutputHelper output) : InventoryReloadTests(output)
{
    /// <inheritdoc/>
    protected override int Reloads => 100;
}
