namespace Ips.Actors.Diagnostics;

/// <summary>The fields of a log event for providers that put the message together by themselves, as Serilog does: from the template, and
/// without the formats of our own types. Pure.</summary>
internal static class LogFields
{
    /// <summary>The name under which Microsoft.Extensions.Logging keeps the template.</summary>
    private const string Template = "{OriginalFormat}";

    /// <summary>Fields and template that make the same message without a <see cref="Quantity"/>'s format.</summary>
    /// <param name="fields">The event's, the template among them.</param>
    /// <param name="rephrase">Puts a text into its reader's words.</param>
    public static List<KeyValuePair<string, object?>> InWords(
        IEnumerable<KeyValuePair<string, object?>> fields, Func<string, string> rephrase)
    {
        List<KeyValuePair<string, object?>> worded = [];
        string? template = null;
        foreach (var (name, value) in fields)
        {
            if (name == Template) template = value as string;
            else worded.Add(new(name, value is string text ? rephrase(text) : value));
        }

        if (template is null) return worded;
        foreach (var (name, value) in worded)
        {
            if (value is Quantity quantity) template = Spell(template, name, quantity);
        }

        worded.Add(new(Template, rephrase(template)));
        return worded;
    }

    // {Count:socket} becomes {Count} socket, or {Count} sockets.
    private static string Spell(string template, string name, Quantity quantity)
    {
        var start = template.IndexOf($"{{{name}:", StringComparison.Ordinal);
        var end = start < 0 ? -1 : template.IndexOf('}', start);
        if (end < 0) return template;
        var words = quantity.ToString(template[(start + name.Length + 2)..end], null);
        return $"{template[..start]}{{{name}}}{words[words.IndexOf(' ', StringComparison.Ordinal)..]}{template[(end + 1)..]}";
    }
}
