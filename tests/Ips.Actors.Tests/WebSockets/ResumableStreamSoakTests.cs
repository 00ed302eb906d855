namespace Ips.Actors.Tests.WebSockets;

/// <summary>The same with 10,000 connections.</summary>
[Trait("kind", "soak")]
public sealed class ResumableStreamSoakTests : ResumableStreamTests
{
    /// <inheritdoc/>
    protected override int Connections => 10_000;
}
