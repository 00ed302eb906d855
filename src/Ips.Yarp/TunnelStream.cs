namespace Ips.Yarp;

/// <summary>The bytes of the client as YARP sees them.</summary>
/// <param name="inner">Kestrel's.</param>
/// <param name="ended">Called when YARP has read to the end.</param>
internal sealed class TunnelStream(Stream inner, Action ended) : DuplexStream
{
    private volatile bool _given;

    /// <summary>Whether YARP has not come back after it was given bytes: nobody knows what became of them.</summary>
    public bool IsGiven => _given;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        _given = false;
        var count = await inner.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        _given = count > 0;
        if (count == 0 && !buffer.IsEmpty) ended(); // one that asks for nothing only waits
        return count;
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
        inner.WriteAsync(buffer, cancellationToken);

    public override void Flush() => inner.Flush();

    public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

    protected override void Dispose(bool disposing)
    {
        if (disposing) inner.Dispose();
        base.Dispose(disposing);
    }
}
