using System.Security.Cryptography;
using Ips.Testing.Load;

namespace Ips.Testing.Fuzz;

/// <summary>The body of an answer, as its digest.</summary>
internal sealed class FuzzBody : IBodySink, IDisposable
{
    private const int StartBytesMax = 60;

    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly List<byte> _start = [];
    private long _length;

    /// <summary>Its beginning, for a person.</summary>
    public string Start => WireText.Show([.. _start], StartBytesMax);

    /// <inheritdoc/>
    public void Append(ReadOnlySpan<byte> piece)
    {
        _hash.AppendData(piece);
        _length += piece.Length;
        _start.AddRange(piece[..Math.Min(piece.Length, StartBytesMax - _start.Count)]);
    }

    /// <summary>Length and SHA-256 of what came, and begins a new one.</summary>
    public string TakeDigest()
    {
        var digest = LoadBodies.UploadEcho(_length, _hash.GetHashAndReset());
        _length = 0;
        _start.Clear();
        return digest;
    }

    /// <inheritdoc/>
    public void Dispose() => _hash.Dispose();
}
