using Xunit.Abstractions;

namespace Ips.Host.ProcessTests.Harness;

/// <summary>Begins with the classes that take longest, so that none of them is left over when everything else is done.</summary>
public sealed class LongestFirst : ITestCollectionOrderer
{
    private static readonly string[] Longest =
    [
        nameof(CrashTests), nameof(Takeover.HostileTakeoverTests), nameof(ChannelFuzz.SuccessorFuzzTests), nameof(SignalsDuringReloadTests),
        nameof(LateReloadRequestTests), nameof(BadSuccessorTests), nameof(PoliteCloseTests), nameof(ChannelFuzz.NotifyFuzzTests),
        nameof(ChannelFuzz.SupervisorFuzzTests), nameof(ChannelFuzz.TakeoverFuzzTests), nameof(ChannelFuzz.PredecessorFuzzTests),
    ];

    /// <inheritdoc/>
    public IEnumerable<ITestCollection> OrderTestCollections(IEnumerable<ITestCollection> testCollections) =>
        testCollections.OrderBy(Rank);

    // By its name, which xunit makes of the class: "Test collection for Ips.Host.ProcessTests.CrashTests (id: …)".
    private static int Rank(ITestCollection collection)
    {
        var rank = Array.FindIndex(Longest, name => collection.DisplayName.Contains($".{name} ", StringComparison.Ordinal));
        return rank < 0 ? Longest.Length : rank;
    }
}
