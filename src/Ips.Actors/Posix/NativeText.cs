using System.Buffers;
using System.Text;

namespace Ips.Actors.Posix;

/// <summary>
/// Text as the kernel has it, bytes without an encoding, in .NET strings and back without loss: a byte that is not UTF-8 becomes the lone
/// surrogate U+DC00 plus its value, as in Python's PEP 383. So an argument or a variable in Latin-1 reaches a successor as it was.
/// </summary>
internal static class NativeText
{
    internal static string Decode(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder(bytes.Length);
        while (!bytes.IsEmpty)
        {
            if (Rune.DecodeFromUtf8(bytes, out var rune, out var used) == OperationStatus.Done)
            {
                text.Append(rune);
            }
            else
            {
                used = 1; // the bytes after a bad one may be good again
                text.Append((char)(0xDC00 + bytes[0]));
            }

            bytes = bytes[used..];
        }

        return text.ToString();
    }

    /// <summary>The bytes with a NUL after them.</summary>
    /// <exception cref="ArgumentException">The text has a NUL inside: the kernel would cut it there.</exception>
    internal static byte[] EncodeWithNul(string text)
    {
        if (text.Contains('\0')) throw new ArgumentException("Text for the kernel must not contain a NUL character.", nameof(text));

        var bytes = new byte[Encoding.UTF8.GetMaxByteCount(text.Length) + 1];
        var length = 0;
        for (ReadOnlySpan<char> rest = text; !rest.IsEmpty;)
        {
            var status = Rune.DecodeFromUtf16(rest, out var rune, out var used);
            if (status != OperationStatus.Done && rest[0] is >= '\uDC80' and <= '\uDCFF') bytes[length++] = (byte)(rest[0] - 0xDC00);
            else length += rune.EncodeToUtf8(bytes.AsSpan(length));
            rest = rest[used..];
        }

        return bytes[..(length + 1)];
    }
}
