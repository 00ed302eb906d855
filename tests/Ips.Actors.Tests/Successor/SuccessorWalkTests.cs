using System.Reflection;
using System.Text;
using System.Text.RegularExpressions;
using Ips.Actors.Lifecycle;
using Ips.Actors.Tests.Lifecycle;
using Xunit.Abstractions;

namespace Ips.Actors.Tests.Successor;

/// <summary>The whole graph of a successor, and the proof that walking it finds faults.</summary>
[Trait("issue", "13")]
public sealed class SuccessorWalkTests(ITestOutputHelper output)
{
    private static readonly (string Pattern, string Why)[] Equivalent =
    [
        ("\\w+ \\+ (ChannelClosed|Exited|ExitWithoutClose): without Cancel",
            "to be forgotten cancels every clock, and after the exit nothing is signalled"),
        ("Serving \\+ ProbationMax: without Cancel", "it has just fired"),
        ("\\w+ \\+ EndSuccessor: without Cancel", "the clock of a closed channel means nothing once it is being ended"),
    ];

    [Fact]
    public void Walk_WholeGraph_KeepsEveryInvariant()
    {
        var walk = new SuccessorWalk(SuccessorMachine.Next).Run();
        output.WriteLine($"{walk.States} states, {walk.Decisions.Count} transitions; "
            + $"{walk.Products} products with the world, {walk.Steps} steps.");
        Assert.Equal(Nested<SuccessorState>(), walk.Decisions.Keys.Select(key => key.State.GetType().Name).Distinct().Order());
        Assert.Equal(Nested<SuccessorEvent>(), SuccessorWalk.Events.Select(e => e.GetType().Name).Distinct().Order());
    }

    [Fact]
    public void Mutants_OfTheMachine_AreCaughtByTheWalk()
    {
        var baseline = new SuccessorWalk(SuccessorMachine.Next).Run();
        var mutants = SuccessorMutants.Of(baseline.Decisions).ToList().AsParallel().AsOrdered()
            .Select(mutant => (mutant.Name, CaughtBy: Try(baseline, mutant))).ToList();
        var table = new StringBuilder();
        foreach (var (name, caughtBy) in mutants)
        {
            table.AppendLine($"{name,-90} {caughtBy ?? $"equivalent: {Why(name) ?? "SURVIVED"}"}");
        }

        output.WriteLine($"{mutants.Count} mutants, {mutants.Count(m => m.CaughtBy is null)} not caught.");
        output.WriteLine(table.ToString());
        Survivors.AssertNone(mutants.Where(m => m.CaughtBy is null && Why(m.Name) is null).Select(m => m.Name),
            "add a Require to SuccessorWorld or a promise to SuccessorPromises, or argue in Equivalent");
        // none is a leftover
        Assert.All(Equivalent, argument => Assert.Contains(mutants, m => m.CaughtBy is null && Matches(argument.Pattern, m.Name)));
        Assert.InRange(mutants.Count(m => m.CaughtBy is not null), 500, int.MaxValue);
    }

    private static string? Try(SuccessorWalk baseline, SuccessorMutant mutant)
    {
        try
        {
            Assert.True(baseline.TryRunOther(mutant), $"{mutant.Name} decides as the real one does");
            return null;
        }
        catch (WalkViolation violation)
        {
            return violation.Message;
        }
    }

    private static string? Why(string mutant) => Equivalent.FirstOrDefault(argument => Matches(argument.Pattern, mutant)).Why;

    private static bool Matches(string pattern, string mutant) => Regex.IsMatch(mutant, $"^(?:{pattern})$", RegexOptions.CultureInvariant);

    private static List<string> Nested<T>() =>
        [.. typeof(T).GetNestedTypes(BindingFlags.Public | BindingFlags.NonPublic).Where(type => type.IsSubclassOf(typeof(T))
            && !type.IsAbstract)
            .Select(type => type.Name).Order()];
}
