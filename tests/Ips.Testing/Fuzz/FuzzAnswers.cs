using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Ips.Testing.Load;

namespace Ips.Testing.Fuzz;

/// <summary>What the fuzz's endpoints answer: each answer names its request, and what the app made of the body.</summary>
internal static class FuzzAnswers
{
    /// <summary>The first line of an answer that begins before the body is read.</summary>
    public static byte[] Early(string id) => Encoding.ASCII.GetBytes($"{id} early\n");

    /// <summary>The line on the body.</summary>
    /// <param name="id">The request.</param>
    /// <param name="read">What the app took of it; null if it did not look.</param>
    public static byte[] Line(string id, string? read) => Encoding.ASCII.GetBytes($"{id} {read ?? "unread"}\n");

    /// <summary>The rest, which no other request's answer has.</summary>
    public static void Fill(Span<byte> destination, string id, int offset) =>
        LoadBodies.FillLarge(destination,
            offset + (BinaryPrimitives.ReadUInt32BigEndian(SHA256.HashData(Encoding.ASCII.GetBytes(id))) & 0xff_ffff));

    /// <summary>A whole answer.</summary>
    public static byte[] Whole(string id, bool early, string? read, int fillerBytes)
    {
        var filler = new byte[fillerBytes];
        Fill(filler, id, 0);
        return [.. early ? Early(id) : [], .. Line(id, read), .. filler];
    }
}
