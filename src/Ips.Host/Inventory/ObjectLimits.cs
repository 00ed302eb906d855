using System.Buffers;

namespace Ips.Host.Inventory;

/// <summary>Bounds of what an object may hold. They keep one row small (below 64 KiB) whatever a client sends.</summary>
internal static class ObjectLimits
{
    /// <summary>Longest id, in characters.</summary>
    public const int IdLength = 128;

    /// <summary>Longest text, in UTF-16 units.</summary>
    public const int TextLength = 256;

    /// <summary>Most elements of a list.</summary>
    public const int ListCount = 64;

    /// <summary>Largest number: 2^53 - 1, the largest that every JSON reader holds exactly.</summary>
    public const long Number = (1L << 53) - 1;

    /// <summary>Deepest nesting of JSON: an object that holds lists needs 2.</summary>
    public const int JsonDepth = 8;

    private static readonly SearchValues<char> IdCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:-");

    /// <summary>Whether <paramref name="id"/> may be an id: 1 to 128 of <c>A-Z a-z 0-9 . _ : -</c>, the first a letter or digit.
    /// These need no escaping in a path, so the signed path is the same text on both sides.</summary>
    public static bool IsId(ReadOnlySpan<char> id) =>
        id.Length is > 0 and <= IdLength && char.IsAsciiLetterOrDigit(id[0])
        && !id.ContainsAnyExcept(IdCharacters);

    /// <summary>Whether <paramref name="text"/> may be a text: not too long, whole characters only, no control characters
    /// (PostgreSQL stores no NUL, and a line break would forge a line of a log).</summary>
    public static bool IsText(string text)
    {
        if (text.Length > TextLength) return false;
        for (var i = 0; i < text.Length; i++)
        {
            if (char.IsControl(text[i])) return false;
            if (!char.IsSurrogate(text[i])) continue;
            if (i + 1 == text.Length || !char.IsSurrogatePair(text[i], text[i + 1])) return false;
            i++;
        }
        return true;
    }
}
