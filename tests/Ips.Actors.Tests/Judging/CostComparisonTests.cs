using Ips.Actors.Configuration;
using Ips.Actors.Handover;
using Ips.Actors.Judging;

namespace Ips.Actors.Tests.Judging;

/// <summary>What a request costs: processor time once a new process is compiled, and memory.</summary>
public sealed class CostComparisonTests
{
    [Theory]
    [InlineData(nameof(MildEffects.None), false)]
    [InlineData(nameof(MildEffects.Processor), true)]
    [InlineData(nameof(MildEffects.Memory), false)]
    public void Look_MoreProcessorTime_RollsBackOnlyIfAsked(string effects, bool rollsBack)
    {
        var (judge, windows) = Begin(new JudgeTerms { RollBackOn = Enum.Parse<MildEffects>(effects) });
        windows.Pass(40, 80, Costing(40_000), Costing(80_000)); // much of it is compiling
        Assert.Null(judge.Report().Notes);
        windows.Pass(20, 80, Costing(40_000), Costing(56_000));
        Assert.Equal(rollsBack, judge.Look() is Verdict.RollBack);
        Assert.Contains(judge.Report().Notes!, note => note.Contains("0.7 ms of processor time, and 0.5 ms", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(50_000)] // 1.25 times
    [InlineData(42_000)]
    public void Look_ALittleMoreProcessorTime_IsNotMentioned(int us)
    {
        var (judge, windows) = Begin(new JudgeTerms());
        windows.Pass(80, 80, Costing(40_000), Costing(us));
        Assert.Null(judge.Report().Notes);
    }

    [Fact]
    public void Look_MoreMemory_RollsBackIfAsked()
    {
        var (judge, windows) = Begin(new JudgeTerms { RollBackOn = MildEffects.Memory });
        windows.Pass(25, 80, Allocating(800_000), Allocating(2_000_000));
        var reason = Assert.IsType<Verdict.RollBack>(judge.Look()).Reason;
        Assert.Contains("a request allocated 24.4 KiB, and 9.8 KiB here", reason, StringComparison.Ordinal);
    }

    // Each request there comes over a connection of its own, and every other one here.
    [Fact]
    public void Look_MoreMemoryForMoreConnections_IsNotMentioned()
    {
        var (judge, windows) = Begin(new JudgeTerms());
        windows.Pass(25, 80, window => Allocating(800_000)(window with { Connections = 40 }),
            window => Allocating(1_300_000)(window with { Connections = 80 }));
        Assert.Null(judge.Report().Notes);
    }

    // What a canary does beside its requests weighs most where it has few.
    [Fact]
    public void Look_MoreMemoryOfFewRequests_IsNotMentioned()
    {
        var (judge, windows) = Begin(new JudgeTerms());
        windows.Pass(100, 5, Allocating(50_000), Allocating(150_000));
        Assert.Null(judge.Report().Notes);
    }

    private static (JudgeMachine Judge, WindowFeed Windows) Begin(JudgeTerms terms)
    {
        var judge = new JudgeMachine(terms);
        var windows = new WindowFeed(judge);
        windows.Step(.5);
        return (judge, windows);
    }

    private static Func<WindowFrame, WindowFrame> Costing(int us) => window => window with { ProcessorUs = us };

    private static Func<WindowFrame, WindowFrame> Allocating(int bytes) => window => window with { AllocatedBytes = bytes };
}
