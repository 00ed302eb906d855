namespace Ips.Actors.Configuration;

/// <summary>Every key of a configuration and the rules between them. A room adds its keys by joining its table to the daemon's.</summary>
/// <typeparam name="TOptions">The options class that holds the values.</typeparam>
/// <param name="Keys">The keys, each path once.</param>
/// <param name="Rules">The rules that concern more than one key.</param>
public sealed record ConfigTable<TOptions>(IReadOnlyList<ConfigKey<TOptions>> Keys, IReadOnlyList<ConfigRule<TOptions>> Rules)
{
    /// <summary>This table for options that contain these.</summary>
    /// <typeparam name="TOuter">The containing options class.</typeparam>
    /// <param name="inner">Finds these options in those.</param>
    public ConfigTable<TOuter> On<TOuter>(Func<TOuter, TOptions> inner) =>
        new([.. Keys.Select(key => key.On(inner))], [.. Rules.Select(rule => rule.On(inner))]);

    /// <summary>Both tables in one.</summary>
    /// <param name="other">The table to add.</param>
    public ConfigTable<TOptions> And(ConfigTable<TOptions> other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return new([.. Keys, .. other.Keys], [.. Rules, .. other.Rules]);
    }

    /// <summary>Checks every key and, if all are in range, every rule.</summary>
    /// <param name="options">The options.</param>
    /// <returns>One sentence for each fault.</returns>
    public IReadOnlyList<string> Check(TOptions options)
    {
        List<string> faults = [.. Keys.Select(key => key.Check(options)).OfType<string>()];
        // A rule between two values says nothing new when one of them is out of range by itself.
        return faults.Count > 0 ? faults : [.. Rules.Select(rule => rule.Check(options)).OfType<string>()];
    }
}
