namespace Ips.Actors.Tests.Lifecycle;

/// <summary>Mutants that no walk has caught.</summary>
internal static class Survivors
{
    /// <summary>Fails with all of their names if there are any.</summary>
    /// <param name="names">Their names.</param>
    /// <param name="remedy">What to do about one.</param>
    public static void AssertNone(IEnumerable<string> names, string remedy)
    {
        var survivors = names.ToList();
        Assert.True(survivors.Count == 0,
            $"{survivors.Count} mutants survive, as nothing observes what they change: "
                + $"{string.Join(", ", survivors)}. For each, {remedy}.");
    }
}
