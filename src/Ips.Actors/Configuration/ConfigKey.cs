namespace Ips.Actors.Configuration;

/// <summary>One key of the configuration: where it stands, what it takes, and the option that it sets. A file is a table of
/// these.</summary>
/// <typeparam name="TOptions">The options class that holds the value.</typeparam>
/// <remarks>Made by the factories of <see cref="ConfigKey"/>. One description serves the reading of a file, the validation of options that
/// a program set, and the test that compares <c>hocon/ips.conf</c> with the options classes, so the limits are written once.</remarks>
internal sealed class ConfigKey<TOptions>
{
    private const string Hidden = "(not shown)";

    private readonly Func<TOptions, ConfigValue, string?, string?> _apply;
    private readonly Func<TOptions, string?> _fault;
    private readonly Func<TOptions, string> _show;

    internal ConfigKey(string path, string expected, bool isBlock,
        Func<TOptions, ConfigValue, string?, string?> apply, Func<TOptions, string?> fault, Func<TOptions, string> show,
            bool isSecret = false) =>
        (Path, Expected, IsBlock, IsSecret, _apply, _fault, _show) = (path, expected, isBlock, isSecret, apply, fault, show);

    /// <summary>The whole path, such as <c>ips.drain.timeout</c>.</summary>
    public string Path { get; }

    /// <summary>What the value must be, unit and range included, to stand after "it must be".</summary>
    public string Expected { get; }

    /// <summary>Whether this key takes a whole block, whose own keys this table does not know.</summary>
    public bool IsBlock { get; }

    /// <summary>Whether the value may hold a password, so that no message shows it.</summary>
    public bool IsSecret { get; }

    /// <summary>Reads a value into the options. A value out of range is refused and changes nothing.</summary>
    /// <param name="options">Where the value goes.</param>
    /// <param name="value">The value as it was written.</param>
    /// <param name="baseDirectory">What relative paths are relative to; null leaves them as they are.</param>
    /// <returns>The sentence that says what is wrong with the value, or null.</returns>
    public string? Apply(TOptions options, ConfigValue value, string? baseDirectory)
    {
        ArgumentNullException.ThrowIfNull(value);
        return _apply(options, value, baseDirectory) is { } reason ? Sentence(IsSecret ? Hidden : value.ToString(), reason) : null;
    }

    /// <summary>Checks the value that the options hold now.</summary>
    /// <param name="options">The options.</param>
    /// <returns>The sentence that says what is wrong with it, or null.</returns>
    public string? Check(TOptions options) => _fault(options) is { } reason ? Sentence(Show(options), reason) : null;

    /// <summary>The value that the options hold, as the file would write it; <c>(not shown)</c> for a secret that is set.</summary>
    /// <param name="options">The options.</param>
    public string Show(TOptions options) => _show(options) is var value && IsSecret && value != "null" ? Hidden : value;

    /// <summary>The same key in a table of options that contain these.</summary>
    /// <typeparam name="TOuter">The containing options class.</typeparam>
    /// <param name="inner">Finds these options in those.</param>
    public ConfigKey<TOuter> On<TOuter>(Func<TOuter, TOptions> inner)
    {
        ArgumentNullException.ThrowIfNull(inner);
        return new(Path, Expected, IsBlock,
            (outer, value, directory) => _apply(inner(outer), value, directory), outer => _fault(inner(outer)),
                outer => _show(inner(outer)), IsSecret);
    }

    private string Sentence(string value, string reason) =>
        $"{Path} is {value}; it must be {Expected}{(reason.Length == 0 ? "" : $" ({reason})")}.";
}

/// <summary>A value as a configuration file holds it, before a <see cref="ConfigKey{TOptions}"/> gives it a type. Exactly one of the three
/// forms is set.</summary>
internal sealed record ConfigValue
{
    /// <summary>A scalar's text; empty for <c>null</c> and for <c>""</c>, which both mean "not set".</summary>
    public string? Text { get; init; }

    /// <summary>The elements of a list of scalars.</summary>
    public IReadOnlyList<string>? Items { get; init; }

    /// <summary>The leaves of a block, each with its path below the block.</summary>
    public IReadOnlyList<KeyValuePair<IReadOnlyList<string>, string>>? Leaves { get; init; }

    /// <summary>The value as an error message shows it.</summary>
    public override string ToString() => this switch
    {
        { Text: "" } => "empty",
        { Text: { } text } => text,
        { Items: { } items } => $"the list [{string.Join(", ", items)}]",
        _ => "a block { ... }",
    };
}
