namespace Ips.Actors.Tests.Lifecycle;

/// <summary>Mutants that change nothing that anyone can observe, each with the argument.</summary>
internal static class EquivalentMutants
{
    private static readonly Dictionary<string, string> Arguments = new()
    {
    };

    public static IEnumerable<string> Names => Arguments.Keys;

    public static string? Why(string mutant) => Arguments.GetValueOrDefault(mutant);
}
