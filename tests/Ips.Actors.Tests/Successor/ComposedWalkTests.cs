using Ips.Actors.Lifecycle;
using Ips.Actors.Tests.Lifecycle;
using Xunit.Abstractions;

namespace Ips.Actors.Tests.Successor;

/// <summary>A predecessor with its successor, and the proof that walking both finds the faults that lie between them.</summary>
[Trait("issue", "13")]
public sealed class ComposedWalkTests(ITestOutputHelper output)
{
    [Fact]
    public void Walk_BothMachinesAndAPeer_KeepEveryInvariant()
    {
        var walk = new ComposedWalk(LifecycleMachine.Next, SuccessorMachine.Next).Run();
        output.WriteLine($"{walk.States} states of the whole, {walk.Steps} steps, {walk.QuietStates} with nothing on its way; "
            + $"{walk.Machines.LifecycleStates} states of LifecycleMachine, {walk.Machines.SuccessorStates} of SuccessorMachine.");
    }

    [Fact]
    public void Mutants_BetweenTheMachines_AreCaughtByTheWalk()
    {
        var mutants = ComposedMutants.All().ToList().AsParallel().AsOrdered().Select(mutant =>
            (mutant.Name, Violation: Try(mutant))).ToList();
        foreach (var (name, violation) in mutants)
        {
            output.WriteLine($"{name,-75} {violation?.Message ?? "SURVIVED"}");
        }

        Survivors.AssertNone(mutants.Where(mutant => mutant.Violation is null).Select(mutant => mutant.Name),
            "add what it breaks to the checks of ComposedWalk");
    }

    private static WalkViolation? Try(ComposedMutant mutant)
    {
        try
        {
            new ComposedWalk(mutant.Lifecycle, mutant.Successor).Run();
            return null;
        }
        catch (WalkViolation violation)
        {
            return violation;
        }
    }
}
