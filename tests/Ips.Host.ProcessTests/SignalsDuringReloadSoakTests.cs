using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Processes;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests;

/// <summary>Each of the signals, to each of the two, in each phase.</summary>
[Collection(Alone.Name), Trait("kind", "soak")]
public sealed class SignalsDuringReloadSoakTests(ITestOutputHelper output) : SignalsDuringReload(output)
{
    public static TheoryData<ReloadPhase, bool, int> Cases
    {
        get
        {
            var cases = new TheoryData<ReloadPhase, bool, int>();
            foreach (var phase in Enum.GetValues<ReloadPhase>())
            {
                foreach (var toSuccessor in new[] { false, true })
                {
                    foreach (var signal in new[] { ProcessTable.SigTerm, ProcessTable.SigInt, ProcessTable.SigUsr2 }) cases
                        .Add(phase, toSuccessor, signal);
                }
            }

            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Signal_InEachPhase_OneServesOrTheServiceStops(ReloadPhase phase, bool toSuccessor, int signal)
    {
        await using var held = await HeldReload.BeginAsync(phase, Folder, Prepare);
        await SignalAndSettleAsync(held, phase, toSuccessor, signal);
    }
}
