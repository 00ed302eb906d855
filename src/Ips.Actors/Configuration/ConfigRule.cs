namespace Ips.Actors.Configuration;

/// <summary>A rule that concerns more than one key.</summary>
/// <typeparam name="TOptions">The options class that holds the values.</typeparam>
/// <param name="Key">The key to change when the rule is broken; an error points at its line.</param>
/// <param name="With">The other keys concerned; while one of them has a fault of its own, the rule says nothing new.</param>
/// <param name="Check">The sentence that says how the rule is broken, or null.</param>
internal sealed record ConfigRule<TOptions>(string Key, IReadOnlyList<string> With, Func<TOptions, string?> Check)
{
    /// <summary>The same rule in a table of options that contain these.</summary>
    /// <typeparam name="TOuter">The containing options class.</typeparam>
    /// <param name="inner">Finds these options in those.</param>
    public ConfigRule<TOuter> On<TOuter>(Func<TOuter, TOptions> inner) => new(Key, With, outer => Check(inner(outer)));
}
