using Xunit.Abstractions;

namespace Ips.Host.ProcessTests.ChannelFuzz;

/// <summary>The same with 100,000 packets.</summary>
[Trait("kind", "soak")]
public sealed class ChannelFuzzSoakTests(ITestOutputHelper output) : ChannelFuzzTests(output)
{
    /// <inheritdoc/>
    protected override int Times => 20;
}
