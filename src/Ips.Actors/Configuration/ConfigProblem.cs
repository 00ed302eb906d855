namespace Ips.Actors.Configuration;

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
