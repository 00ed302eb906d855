using Ips.Host.ProcessTests.Harness;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests;

/// <summary>The same with 10,000 connections.</summary>
[Collection(Alone.Name), Trait("kind", "soak")]
public sealed class ReloadFuzzSoakTests(ITestOutputHelper output) : ReloadFuzzTests(output)
{
    /// <inheritdoc/>
    protected override int Connections => 10_000;
}
