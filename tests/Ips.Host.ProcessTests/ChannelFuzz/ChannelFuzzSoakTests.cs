using Ips.Host.ProcessTests.Harness;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests.ChannelFuzz;

/// <summary>The same with 100,000 packets in all.</summary>
internal static class ChannelFuzzSoak
{
    public const int Times = 20;
}

/// <inheritdoc/>
[Collection(Alone.Name), Trait("kind", "soak")]
public sealed class SuccessorFuzzSoakTests(ITestOutputHelper output) : SuccessorFuzzTests(output)
{
    /// <inheritdoc/>
    protected override int Times => ChannelFuzzSoak.Times;
}

/// <inheritdoc/>
[Collection(Alone.Name), Trait("kind", "soak")]
public sealed class SupervisorFuzzSoakTests(ITestOutputHelper output) : SupervisorFuzzTests(output)
{
    /// <inheritdoc/>
    protected override int Times => ChannelFuzzSoak.Times;
}

/// <inheritdoc/>
[Collection(Alone.Name), Trait("kind", "soak")]
public sealed class TakeoverFuzzSoakTests(ITestOutputHelper output) : TakeoverFuzzTests(output)
{
    /// <inheritdoc/>
    protected override int Times => ChannelFuzzSoak.Times;
}

/// <inheritdoc/>
[Collection(Alone.Name), Trait("kind", "soak")]
public sealed class PredecessorFuzzSoakTests(ITestOutputHelper output) : PredecessorFuzzTests(output)
{
    /// <inheritdoc/>
    protected override int Times => ChannelFuzzSoak.Times;
}

/// <inheritdoc/>
[Collection(Alone.Name), Trait("kind", "soak")]
public sealed class ControlFuzzSoakTests(ITestOutputHelper output) : ControlFuzzTests(output)
{
    /// <inheritdoc/>
    protected override int Times => ChannelFuzzSoak.Times;
}

/// <inheritdoc/>
[Collection(Alone.Name), Trait("kind", "soak")]
public sealed class NotifyFuzzSoakTests(ITestOutputHelper output) : NotifyFuzzTests(output)
{
    /// <inheritdoc/>
    protected override int Times => ChannelFuzzSoak.Times;
}
