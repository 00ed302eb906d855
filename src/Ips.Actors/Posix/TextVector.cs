using System.Runtime.InteropServices;

namespace Ips.Actors.Posix;

/// <summary>A null-terminated array of C strings, in memory that does not move.</summary>
internal sealed unsafe class TextVector : IDisposable
{
    internal TextVector(IEnumerable<string> texts)
    {
        var encoded = texts.Select(NativeText.EncodeWithNul).ToArray();
        var pointersBytes = (encoded.Length + 1) * sizeof(byte*);
        Pointer = (byte**)NativeMemory.AllocZeroed((nuint)(pointersBytes + encoded.Sum(text => text.Length)));
        var next = (byte*)Pointer + pointersBytes;
        for (var i = 0; i < encoded.Length; i++)
        {
            encoded[i].CopyTo(new Span<byte>(next, encoded[i].Length));
            Pointer[i] = next;
            next += encoded[i].Length;
        }
    }

    internal byte** Pointer { get; }

    public void Dispose() => NativeMemory.Free(Pointer);
}
