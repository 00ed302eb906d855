using System.Globalization;
using System.Text;

namespace Ips.Testing.Fuzz;

/// <summary>The chunked coding as clients may use it: chunks of any size, extensions, leading zeros, either case, trailers.</summary>
internal static class FuzzChunks
{
    private const int ChunkBytesMax = 5000;

    /// <summary>Encodes a body.</summary>
    /// <param name="content">Its content.</param>
    /// <param name="id">Names the request that a trailer must not be taken for.</param>
    /// <param name="random">Decides about the rest.</param>
    public static byte[] Encode(byte[] content, string id, Random random)
    {
        using var coded = new MemoryStream();
        for (var at = 0; at < content.Length;)
        {
            var length = Math.Min(content.Length - at, random.Next(1, random.Next(3) == 0 ? 16 : ChunkBytesMax));
            var size = length.ToString(random.Next(2) == 0 ? "x" : "X4", CultureInfo.InvariantCulture);
            Append(coded, $"{size}{(random.Next(4) == 0 ? ";ext=1" : "")}\r\n");
            coded.Write(content, at, length);
            Append(coded, "\r\n");
            at += length;
        }

        Append(coded, "0\r\n");
        for (var trailers = random.Next(3); trailers > 0; trailers--) Append(coded,
            $"X-Trailer-{trailers}: GET /fuzz/ignore/{FuzzModel.Smuggled}-{id} HTTP/1.1\r\n");
        Append(coded, "\r\n");
        return coded.ToArray();
    }

    private static void Append(MemoryStream coded, string text) => coded.Write(Encoding.ASCII.GetBytes(text));
}
