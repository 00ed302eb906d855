namespace Ips.Host.Cli;

/// <summary>Standard input whose reads end when the command is interrupted: read(2) itself cannot be called off, so it is left
/// behind.</summary>
/// <param name="inner">The input; not owned.</param>
internal sealed class CliInput(Stream inner) : Stream
{
    // of its own: a read that was left behind must not write into the caller's memory
    private readonly byte[] _buffer = new byte[64 * 1024];

    public override bool CanRead => true;
    public override bool CanSeek => false;
    public override bool CanWrite => false;
    public override long Length => throw new NotSupportedException();
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var wanted = Math.Min(buffer.Length, _buffer.Length);
        var read = await Task.Run(() => inner.Read(_buffer, 0, wanted), CancellationToken.None).WaitAsync(cancellationToken);
        _buffer.AsSpan(0, read).CopyTo(buffer.Span);
        return read;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => inner.Read(buffer, offset, count);
    public override void Flush() { }
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
