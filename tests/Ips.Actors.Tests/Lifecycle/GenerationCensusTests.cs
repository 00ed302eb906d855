using Ips.Actors.Lifecycle;
using static Ips.Actors.Lifecycle.LifecycleState;

namespace Ips.Actors.Tests.Lifecycle;

[Trait("issue", "16")]
public sealed class GenerationCensusTests
{
    public static TheoryData<string, bool, int, string> Cases => new()
    {
        { nameof(Serving), false, 0, "0 0 1 0" },
        { nameof(Serving), false, 3, "0 0 1 3" },
        { nameof(AwaitingReady), false, 0, "0 0 1 0" }, // it waits for room
        { nameof(AwaitingReady), true, 1, "1 0 1 1" },
        { nameof(Overlapping), true, 0, "0 1 1 0" },
        { nameof(OnProbation), true, 0, "0 1 1 0" },
        { nameof(Yielding), true, 0, "0 1 1 0" },
        { nameof(Promoting), true, 0, "0 1 1 0" },
        { nameof(RollingBack), true, 0, "0 0 1 1" },
        { nameof(LameDuck), false, 1, "0 0 0 2" },
        { nameof(Draining), false, 0, "0 0 0 1" },
        { nameof(Exiting), false, 0, "0 0 0 1" },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Of_AMainProcess_CountsEachGenerationOnce(string state, bool hasSuccessor, int older, string expected) =>
        Assert.Equal(expected, string.Join(' ', GenerationCensus.Of(Named(state), hasSuccessor, older).Select(part => part.Count)));

    private static LifecycleState Named(string name) => name switch
    {
        nameof(Serving) => new Serving(),
        nameof(AwaitingReady) => new AwaitingReady(),
        nameof(Overlapping) => new Overlapping(),
        nameof(OnProbation) => new OnProbation(),
        nameof(Yielding) => new Yielding(),
        nameof(Promoting) => new Promoting(),
        nameof(RollingBack) => new RollingBack(),
        nameof(LameDuck) => new LameDuck(),
        nameof(Draining) => new Draining(ExitCode.Clean, StopSeen: true),
        _ => new Exiting(ExitCode.Clean),
    };
}
