namespace Ips.Actors.Configuration;

/// <summary>Reads a file of environment variables. Pure.</summary>
/// <remarks>
/// A line is empty, a comment (<c>#</c> first), <c>NAME=value</c>, <c>export NAME=value</c> or <c>unset NAME</c>. A value may stand in
/// single or double quotes, which are taken off; nothing in it is expanded, and without quotes blanks at its end are no part of it. Names
/// are letters, digits and underscores, not beginning with a digit; those that begin with <c>IPS_</c> and <c>LISTEN_</c> belong to the
/// handover,
/// <c>NOTIFY_SOCKET</c> and those that begin with <c>WATCHDOG_</c> to the service manager.
/// </remarks>
internal static class EnvironmentFileParser
{
    /// <summary>Reads the text.</summary>
    /// <param name="text">The file's content.</param>
    /// <param name="path">The file, for the message.</param>
    /// <param name="variables">Each name once, with its value; null if it is to be taken out of the environment.</param>
    /// <returns>The first error as <c>file:line: what is wrong</c>; null if there is none.</returns>
    public static string? TryParse(string text, string path, out IReadOnlyDictionary<string, string?> variables)
    {
        ArgumentNullException.ThrowIfNull(text);
        var found = new Dictionary<string, string?>(StringComparer.Ordinal);
        variables = found;
        var number = 0;
        foreach (var raw in text.Split('\n'))
        {
            number++;
            var line = raw.Trim();
            if (line.Length > 0 && line[0] != '#' && Read(line, found) is { } fault)
            {
                return $"{path}:{number}: {fault}";
            }
        }

        return null;
    }

    private static string? Read(string line, Dictionary<string, string?> found)
    {
        const string unset = "unset ", export = "export ";
        if (line.StartsWith(unset, StringComparison.Ordinal))
        {
            var gone = line[unset.Length..].Trim();
            found[gone] = null;
            return FaultOf(gone);
        }

        var assignment = line.StartsWith(export, StringComparison.Ordinal) ? line[export.Length..].TrimStart() : line;
        var equals = assignment.IndexOf('=', StringComparison.Ordinal);
        if (equals < 0)
        {
            return $"'{Shown(assignment)}' has no '='; a line is NAME=value or unset NAME";
        }

        var (name, value) = (assignment[..equals], assignment[(equals + 1)..]);
        if (FaultOf(name) is { } fault)
        {
            return fault;
        }

        if (value is ['"' or '\'', ..])
        {
            if (value.Length < 2 || value[^1] != value[0])
            {
                return $"the value of {name} begins with {value[0]} and does not end with it";
            }

            value = value[1..^1];
        }

        found[name] = value;
        return value.Contains('\0', StringComparison.Ordinal) ? $"the value of {name} contains a NUL character" : null;
    }

    private static string? FaultOf(string name) =>
        name.Length == 0 || char.IsAsciiDigit(name[0]) || !name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_')
            ? $"'{Shown(name)}' cannot be the name of a variable"
            : name.StartsWith("IPS_", StringComparison.Ordinal) || name.StartsWith("LISTEN_", StringComparison.Ordinal)
                ? $"{name} cannot be set here: names with IPS_ and LISTEN_ belong to the handover"
                : name == "NOTIFY_SOCKET" || name.StartsWith("WATCHDOG_", StringComparison.Ordinal)
                    ? $"{name} cannot be set here: NOTIFY_SOCKET and names with WATCHDOG_ are the service manager's, which a successor "
                        + "must go on to speak to"
                    : null;

    // What is no name may be a secret whose name was forgotten.
    private static string Shown(string text) => text.Length > 12 ? text[..12] + "..." : text;
}
