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
        List<string?> faulty = [];
        List<string> messages = [];
        foreach (var key in Keys)
        {
            if (key.Check(options) is not { } message) continue;
            faulty.Add(key.Path);
            messages.Add(message);
        }

        messages.AddRange(ApplicableRules(faulty).Select(rule => rule.Check(options)).OfType<string>());
        return messages;
    }

    /// <summary>Checks the rules between keys.</summary>
    /// <param name="options">The options.</param>
    /// <param name="faulty">Keys that have a fault of their own: a rule over one of them would say nothing new.</param>
    /// <returns>The key to change, and one sentence, for each that is broken.</returns>
    public IReadOnlyList<(string Key, string Message)> CheckRules(TOptions options, IReadOnlyCollection<string?> faulty) =>
    [
        .. from rule in ApplicableRules(faulty)
           let message = rule.Check(options)
           where message is not null
           select (rule.Key, message),
    ];

    private IEnumerable<ConfigRule<TOptions>> ApplicableRules(IReadOnlyCollection<string?> faulty) =>
        Rules.Where(rule => !faulty.Contains(rule.Key) && !rule.With.Any(faulty.Contains));
}

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

/// <summary>One thing wrong with a configuration.</summary>
/// <param name="Source">The file's path, or the command line option such as <c>--urls</c>; null if a program set the value.</param>
/// <param name="Line">Line in the file, from 1; null if it has none.</param>
/// <param name="Key">The key concerned, such as <c>ips.drain.timeout</c>; null for a syntax error.</param>
/// <param name="Message">The value, the limit and the key, as one sentence.</param>
internal sealed record ConfigProblem(string? Source, int? Line, string? Key, string Message)
{
    /// <summary><c>file:line: message</c>, as compilers write it, so that an editor can jump there.</summary>
    public override string ToString() => (Source, Line) switch
    {
        (null, _) => Message,
        (_, null) => $"{Source}: {Message}",
        _ => $"{Source}:{Line}: {Message}",
    };
}
