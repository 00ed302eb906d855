using Ips.Host.ProcessTests.Harness;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests;

/// <summary>The same with 201 clients over 20 reloads.</summary>
[Collection(Alone.Name), Trait("kind", "soak")]
public sealed class ResumableWebSocketSoakTests(ITestOutputHelper output) : ResumableWebSocketTests(output)
{
    /// <inheritdoc/>
    protected override int Clients => 67;

    /// <inheritdoc/>
    protected override int Reloads => 20;
}
