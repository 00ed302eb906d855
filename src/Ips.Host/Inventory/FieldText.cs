using System.Globalization;

namespace Ips.Host.Inventory;

/// <summary>Field values from and to text: what JSON strings and CSV cells share. A CSV list is joined with <c>;</c>,
/// with <c>\</c> before a <c>;</c> or <c>\</c> that belongs to an element.</summary>
internal static class FieldText
{
    /// <summary>Reads a text or an address; null is a value of the wrong type.</summary>
    public static object? Parse(Field field, string? text, List<Refusal> found)
    {
        if (field.Kind == FieldKind.Address)
        {
            if (text is { Length: 0 }) return null;
            if (text is not null && AddressParser.TryParse(text, out var address)) return address;
            found.Add(Refusals.NotAnAddress(field.Name));
            return null;
        }
        if (text is not null && ObjectLimits.IsText(text)) return text;
        found.Add(Refusals.NotText(field.Name));
        return null;
    }

    /// <summary>Reads the elements of a list; null is a value of the wrong type or a list that is too long.</summary>
    public static object? ParseList(Field field, IReadOnlyList<string?>? texts, List<Refusal> found)
    {
        var addresses = field.IsAddress;
        if (texts is null || texts.Count > ObjectLimits.ListCount)
        {
            found.Add(field.Kind switch
            {
                FieldKind.EntryList => Refusals.NotAList(field.Name, """entries such as {"ip":"10.0.0.1"}""",
                    """形如 {"ip":"10.0.0.1"} 的元素"""),
                FieldKind.AddressList => Refusals.NotAList(field.Name, "addresses", "地址"),
                _ => Refusals.NotAList(field.Name, "texts", "文本"),
            });
            return null;
        }
        if (addresses)
        {
            var parsed = new InetAddress[texts.Count];
            for (var i = 0; i < parsed.Length; i++)
            {
                if (texts[i] is { } text && AddressParser.TryParse(text, out parsed[i])) continue;
                found.Add(Refusals.NotAnAddress(field.Kind == FieldKind.EntryList ? $"{field.Name}[{i}].ip" : $"{field.Name}[{i}]"));
                return null;
            }
            return parsed;
        }
        for (var i = 0; i < texts.Count; i++)
        {
            if (texts[i] is { Length: > 0 } text && ObjectLimits.IsText(text)) continue;
            found.Add(Refusals.Wrong($"{field.Name}[{i}]",
                $"a text of 1 to {ObjectLimits.TextLength} characters without control characters",
                    $" 1 到 {ObjectLimits.TextLength} 个字符且不含控制字符的文本"));
            return null;
        }
        return texts.ToArray()!;
    }

    /// <summary>Reads a CSV cell.</summary>
    public static object? ParseCell(Field field, string cell, List<Refusal> found)
    {
        switch (field.Kind)
        {
            case FieldKind.WholeNumber:
                if (cell.Length == 0) return null;
                if (long.TryParse(cell, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                    && number <= ObjectLimits.Number) return number;
                found.Add(Refusals.NotAWholeNumber(field.Name, 0, ObjectLimits.Number));
                return null;
            case FieldKind.AddressList or FieldKind.TextList or FieldKind.EntryList:
                return ParseList(field, Split(cell), found);
            default:
                return Parse(field, cell, found);
        }
    }

    /// <summary>The CSV cell for a value.</summary>
    public static string ToCell(object? value) => value switch
    {
        null => "",
        string text => text,
        long number => number.ToString(CultureInfo.InvariantCulture),
        InetAddress address => address.ToString(),
        InetAddress[] addresses => string.Join(';', addresses.Select(a => a.ToString())),
        string[] texts => string
            .Join(';', texts.Select(t => t.Replace("\\", "\\\\", StringComparison.Ordinal).Replace(";", "\\;", StringComparison.Ordinal))),
        _ => throw new ArgumentException($"A {value.GetType().Name} is no value of a field.", nameof(value)),
    };

    private static List<string?> Split(string cell)
    {
        List<string?> parts = [];
        if (cell.Length == 0) return parts;
        var part = new System.Text.StringBuilder();
        for (var i = 0; i < cell.Length; i++)
        {
            if (cell[i] == ';')
            {
                parts.Add(part.ToString());
                part.Clear();
                continue;
            }
            if (cell[i] == '\\' && i + 1 < cell.Length) i++;
            part.Append(cell[i]);
        }
        parts.Add(part.ToString());
        return parts;
    }
}
