using System.Globalization;
using System.Text;

namespace Ips.Testing.Load;

/// <summary>Shows wire bytes to a person.</summary>
internal static class WireText
{
    /// <summary>The bytes as ASCII, line ends and what is not printable escaped; of more than <paramref name="lengthMax"/> bytes only the
    /// last ones.</summary>
    public static string Show(ReadOnlySpan<byte> bytes, int lengthMax)
    {
        var text = new StringBuilder();
        if (bytes.Length > lengthMax)
        {
            text.Append('…');
            bytes = bytes[^lengthMax..];
        }

        foreach (var value in bytes)
        {
            _ = value switch
            {
                (byte)'\r' => text.Append("\\r"),
                (byte)'\n' => text.Append("\\n"),
                (byte)'\\' => text.Append("\\\\"),
                >= 0x20 and < 0x7f => text.Append((char)value),
                _ => text.Append(CultureInfo.InvariantCulture, $"\\x{value:x2}"),
            };
        }

        return text.ToString();
    }
}
