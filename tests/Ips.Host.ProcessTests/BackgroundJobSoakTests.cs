using Ips.Host.ProcessTests.Harness;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests;

/// <summary>The same over 50 reloads.</summary>
[Collection(Alone.Name), Trait("kind", "soak")]
public sealed class BackgroundJobSoakTests(ITestOutputHelper output) : BackgroundJobTests(output)
{
    /// <inheritdoc/>
    protected override int Reloads => 50;
}
