namespace Ips.Actors.Posix;

/// <summary>Writes to a descriptor number, whatever it names at that time: unlike <see cref="Console.OpenStandardOutput()"/>, which keeps a
/// duplicate and so goes on with the old file after <see cref="StandardStreams.Redirect"/>.</summary>
/// <param name="fd">The number; never closed here.</param>
[SupportedOSPlatform("linux")]
internal sealed class DescriptorStream(int fd) : Stream
{
    public override bool CanRead => false;
    public override bool CanSeek => false;
    public override bool CanWrite => true;
    public override long Length => throw new NotSupportedException();
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override void Write(ReadOnlySpan<byte> buffer) => FileDescriptors.WriteAll(fd, buffer);
    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));
    public override void Flush() { } // nothing is kept back
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();
}
