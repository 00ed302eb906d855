namespace Ips.Actors.Configuration;

/// <summary>A value as a configuration file holds it, before a <see cref="ConfigKey{TOptions}"/> gives it a type. Exactly one of the three forms is set.</summary>
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
