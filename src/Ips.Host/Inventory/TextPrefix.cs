using System.Text;

namespace Ips.Host.Inventory;

/// <summary>All texts that begin with a prefix, as a range of an index. Pure.</summary>
internal static class TextPrefix
{
    /// <summary>The least text above all that begin with <paramref name="prefix"/>, in the order of code points, which is that of UTF-8
    /// bytes.</summary>
    /// <returns>Null if there is none: no text is above.</returns>
    public static string? End(string prefix)
    {
        Rune[] runes = [.. prefix.EnumerateRunes()];
        for (var last = runes.Length - 1; last >= 0; last--)
        {
            var next = runes[last].Value + 1;
            if (!Rune.IsValid(next)) next = runes[last].Value == 0xd7ff ? 0xe000 : 0; // the code points between are halves of pairs
            if (next > 0) return string.Concat(runes[..last]) + new Rune(next);
        }
        return null;
    }
}
