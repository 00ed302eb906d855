namespace Ips.Testing.Load;

/// <summary>Compares a body with the expected one while it arrives.</summary>
internal sealed class BodyCheck : IBodySink
{
    private ReadOnlyMemory<byte>? _expected;
    private long _mismatchAt;

    /// <summary>Bytes of the body so far.</summary>
    public long Length { get; private set; }

    /// <summary>What is wrong with the whole body; null if nothing is.</summary>
    public string? Fault => _expected is not { } expected ? null
        : Length != expected.Length ? $"the body has {Length} bytes instead of {expected.Length}"
        : _mismatchAt >= 0 ? $"the body's byte {_mismatchAt} of {Length} is wrong"
        : null;

    /// <summary>Begins a new body.</summary>
    /// <param name="expected">The bytes it must have; null for any.</param>
    public void Begin(ReadOnlyMemory<byte>? expected) => (_expected, Length, _mismatchAt) = (expected, 0, -1);

    /// <inheritdoc/>
    public void Append(ReadOnlySpan<byte> piece)
    {
        if (_mismatchAt < 0 && _expected is { } expected)
        {
            var rest = expected.Span[(int)Math.Min(Length, expected.Length)..];
            var common = piece.CommonPrefixLength(rest);
            if (common < piece.Length) _mismatchAt = Length + common;
        }

        Length += piece.Length;
    }
}
