using System.Runtime.InteropServices;
using System.Text;
using Ips.Actors.Diagnostics;
using Ips.Actors.Files;

namespace Ips.Host.Cli;

/// <summary>What a command writes to, with one answer to each failure of it.</summary>
/// <param name="inner">Where the bytes go; not owned.</param>
/// <param name="failed">Is told a failure; it throws, or the bytes are dropped.</param>
internal sealed class CliStream(Stream inner, Action<IOException> failed) : Stream
{
    private const int Epipe = 32, MostErrno = 4096;

    // Opened before a log file replaces stderr: the user who typed the command reads here why it failed.
    private static readonly Lazy<TextWriter> FirstError = new(() =>
        Writer(new CliStream(ServiceFiles.OpenStandardStream(error: true), _ => { })));

    /// <summary>Standard output. What was asked for goes there, so a failure ends the command with
    /// <see cref="CliExitCode.Output"/>.</summary>
    internal static Stream OpenOutput() => Of(ServiceFiles.OpenStandardStream(error: false), "the standard output");

    /// <summary>Standard output, for text. What would command a terminal is escaped.</summary>
    internal static TextWriter Output() => Writer(OpenOutput());

    /// <summary>Standard error. Nobody can be told that it cannot be written: the exit code has to do. What would command a terminal is
    /// escaped.</summary>
    internal static TextWriter Error() => FirstError.Value;

    /// <summary>Any output of a command.</summary>
    /// <param name="inner">Where the bytes go.</param>
    /// <param name="name">What an error calls it.</param>
    internal static CliStream Of(Stream inner, string name) => new(inner, e => throw Fault(e, name));

    /// <summary>The error of an output that failed.</summary>
    internal static CliException Fault(IOException e, string name) => new(CliExitCode.Output, e.HResult == Epipe
        ? $"The reader of {name} went away before everything was written."
        : $"Not everything could be written to {name}: {Reason(e)}.");

    // The error number alone says more to a person than the call and its descriptor.
    private static string Reason(IOException e) =>
        e.HResult is > 0 and < MostErrno ? Marshal.GetPInvokeErrorMessage(e.HResult) : e.Message.TrimEnd('.');

    public override bool CanRead => false;
    public override bool CanSeek => false;
    public override bool CanWrite => true;
    public override long Length => throw new NotSupportedException();
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        try
        {
            inner.Write(buffer);
        }
        catch (IOException e)
        {
            failed(e);
        }
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Write(buffer.Span);
        return ValueTask.CompletedTask;
    }

    public override void Flush() { } // nothing is kept back
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();

    // Each write goes out at once, so nothing is left to be flushed or disposed.
    private static TextWriter Writer(Stream stream) =>
        TerminalText.Writer(new StreamWriter(stream, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false)) { AutoFlush = true });
}
