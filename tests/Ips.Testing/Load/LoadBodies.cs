using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Ips.Testing.Load;

/// <summary>The bodies that the load's endpoints answer: deterministic, so that a client can verify each byte.</summary>
internal static class LoadBodies
{
    /// <summary>What <c>/ping</c> answers.</summary>
    public const string Pong = "pong";

    /// <summary>Length in bytes of each chunk of a stream.</summary>
    public const int StreamChunkSizeBytes = 64;

    /// <summary>Chunk <paramref name="number"/> (from 1) of a stream of <paramref name="count"/>: one line of
    /// <see cref="StreamChunkSizeBytes"/> bytes.</summary>
    public static byte[] StreamChunk(int number, int count)
    {
        var line = string.Create(CultureInfo.InvariantCulture, $"chunk {number} of {count} ");
        return Encoding.ASCII.GetBytes(line.PadRight(StreamChunkSizeBytes - 1, (char)('a' + (number % 26))) + "\n");
    }

    /// <summary>A whole stream of <paramref name="count"/> chunks.</summary>
    public static byte[] Stream(int count)
    {
        var whole = new byte[count * StreamChunkSizeBytes];
        for (var number = 1; number <= count; number++)
            StreamChunk(number, count).CopyTo(whole, (number - 1) * StreamChunkSizeBytes);
        return whole;
    }

    /// <summary>Fills <paramref name="destination"/> with the bytes at <paramref name="offset"/> of the large body.
    /// Each line of 10 bytes carries its own number, so that a lost, doubled or moved piece shows.</summary>
    public static void FillLarge(Span<byte> destination, long offset)
    {
        // A line: its number in 8 digits, a letter, a line feed.
        Span<byte> line = stackalloc byte[10];
        var current = -1L;
        for (var i = 0; i < destination.Length; i++)
        {
            var position = offset + i;
            if (position / 10 != current)
            {
                current = position / 10;
                (current % 100_000_000).TryFormat(line, out _, "D8", CultureInfo.InvariantCulture);
                line[8] = (byte)('a' + (current % 26));
                line[9] = (byte)'\n';
            }

            destination[i] = line[(int)(position % 10)];
        }
    }

    /// <summary>The large body of <paramref name="sizeBytes"/> bytes.</summary>
    public static byte[] Large(int sizeBytes)
    {
        var body = new byte[sizeBytes];
        FillLarge(body, 0);
        return body;
    }

    /// <summary>What <c>/upload</c> answers to a body: its length and its SHA-256 in hexadecimal.</summary>
    public static string UploadEcho(long length, ReadOnlySpan<byte> sha256) =>
        string.Create(CultureInfo.InvariantCulture, $"{length} {Convert.ToHexStringLower(sha256)}");

    /// <inheritdoc cref="UploadEcho(long, ReadOnlySpan{byte})"/>
    public static string UploadEcho(ReadOnlySpan<byte> body) => UploadEcho(body.Length, SHA256.HashData(body));
}
