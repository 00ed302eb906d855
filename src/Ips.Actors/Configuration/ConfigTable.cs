namespace Ips.Actors.Configuration;

/// <summary>Every key of a configuration and the rules between them. A room adds its keys by joining its table to the daemon's.</summary>
/// <typeparam name="TOptions">The options class that holds the values.</typeparam>
/// <param name="Keys">The keys, each path once.</param>
/// <param name="Rules">The rules that concern more than one key.</param>
internal sealed record ConfigTable<TOptions>(IReadOnlyList<ConfigKey<TOptions>> Keys, IReadOnlyList<ConfigRule<TOptions>> Rules)
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

    /// <summary>Checks every key, and every rule between keys that are in range themselves.</summary>
    /// <param name="options">The options.</param>
    /// <returns>One sentence for each fault.</returns>
    public IReadOnlyList<string> Check(TOptions options)
    {
        var faults = Keys.Select(key => (key.Path, Message: key.Check(options))).Where(fault => fault.Message is not null).ToList();
        var broken = Rules.Where(rule => rule.CanJudge(key => faults.Exists(fault => fault.Path == key))).Select(rule => rule.Check(options));
        return [.. faults.Select(fault => fault.Message!), .. broken.OfType<string>()];
    }
}
