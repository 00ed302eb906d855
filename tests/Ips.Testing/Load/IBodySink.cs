namespace Ips.Testing.Load;

/// <summary>Takes a message's body, framing removed, in the pieces that it arrives in.</summary>
internal interface IBodySink
{
    void Append(ReadOnlySpan<byte> piece);
}
