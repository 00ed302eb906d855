using Ips.Transport.Tests.Posix;

namespace Ips.Transport.Tests.Tunnels;

/// <summary>The same over 1,000 moves.</summary>
[Collection(ProcessWideCollection.Name), Trait("kind", "soak")]
public sealed class TunnelDescriptorSoakTests : TunnelDescriptorTests
{
    /// <inheritdoc/>
    protected override int Moves => 1000;
}
