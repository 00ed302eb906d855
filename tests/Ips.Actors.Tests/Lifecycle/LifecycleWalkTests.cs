using System.Reflection;
using System.Text;
using Ips.Actors.Lifecycle;
using Xunit.Abstractions;

namespace Ips.Actors.Tests.Lifecycle;

/// <summary>The whole lifecycle graph, and the proof that walking it finds faults.</summary>
public sealed class LifecycleWalkTests(ITestOutputHelper output)
{
    [Fact]
    public void Walk_WholeGraph_KeepsEveryInvariant()
    {
        var walk = new LifecycleWalk(LifecycleMachine.Next).Run();
        var kinds = walk.Decisions.Keys.Select(key => key.State.GetType()).Distinct().Count();
        output.WriteLine(
            $"{kinds} kinds of states, {walk.States} states, {walk.Decisions.Count} transitions; " +
            $"{walk.Products} products with the world, {walk.Steps} steps, {walk.UncausedThrown} late or spurious events.");
        Assert.Equal(Nested<LifecycleState>().Count, kinds);
    }

    [Fact]
    public void Events_OfTheWalk_AreAllThatCanHappen() =>
        Assert.Equal(Nested<LifecycleEvent>().Order(), WalkEvents.All.Select(e => e.GetType().Name).Distinct().Order());

    [Fact]
    public void News_OfAReload_ChangeNoStateAndOrderNothing()
    {
        var states = new LifecycleWalk(LifecycleMachine.Next).Run().Nodes.Select(node => node.State).Distinct();
        Assert.All(states, state =>
        {
            var greeted = Next(state, new LifecycleEvent.SuccessorGreeted("2.0"));
            var spawned = Next(state, new LifecycleEvent.SuccessorSpawned(99));
            Assert.Equal((state, 0, state), (greeted.State, greeted.Effects.Count, spawned.State));
            // A spawned process has its own time, whatever the wait for room has used up.
            Assert.Equal(state is LifecycleState.AwaitingReady ? [new LifecycleEffect.ArmSuccessorTimer()] : [], spawned.Effects);
        });

        static Transition Next(LifecycleState state, LifecycleEvent news) => LifecycleMachine.Next(state, news);
    }

    [Fact]
    public void Mutants_OfTheMachine_AreCaughtByTheWalk()
    {
        var baseline = new LifecycleWalk(LifecycleMachine.Next).Run();
        var mutants = LifecycleMutants.Of(baseline.Decisions).ToList().AsParallel().AsOrdered()
            .Select(mutant => (mutant.Name, CaughtBy: Try(baseline, mutant))).ToList();
        var table = new StringBuilder();
        foreach (var (name, caughtBy) in mutants)
        {
            table.AppendLine($"{name,-90} {caughtBy ?? $"equivalent: {EquivalentMutants.Why(name) ?? "SURVIVED"}"}");
        }

        output.WriteLine($"{mutants.Count} mutants, {mutants.Count(m => m.CaughtBy is null)} not caught.");
        output.WriteLine(table.ToString());
        Assert.Equal(mutants.Count, mutants.Select(mutant => mutant.Name).Distinct().Count());
        Survivors.AssertNone(mutants.Where(m => m.CaughtBy is null && EquivalentMutants.Why(m.Name) is null).Select(m => m.Name),
            "add a Require to WorldRules or StateRules (and a fact to World), or argue in EquivalentMutants");
        Assert.All(EquivalentMutants.Arguments, argument => // none is a leftover
            Assert.Contains(mutants, m => m.CaughtBy is null && EquivalentMutants.Matches(argument.Pattern, m.Name)));
        Assert.InRange(mutants.Count(m => m.CaughtBy is not null), 1000, int.MaxValue);
    }

    private static string? Try(LifecycleWalk baseline, Mutant mutant)
    {
        try
        {
            Assert.True(baseline.TryRunOther(mutant.Decide), $"{mutant.Name} decides as the real one does");
            return null;
        }
        catch (WalkViolation violation)
        {
            return violation.Message;
        }
    }

    // News change nothing: there is nothing to walk.
    private static List<string> Nested<T>() =>
        [.. typeof(T).GetNestedTypes(BindingFlags.Public | BindingFlags.NonPublic)
            .Where(type => type.IsSubclassOf(typeof(T)) && !type.IsAssignableTo(typeof(LifecycleEvent.ReloadNews)))
                .Select(type => type.Name)];
}
