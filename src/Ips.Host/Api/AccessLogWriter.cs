using System.Threading.Channels;
using Microsoft.Extensions.Options;

namespace Ips.Host.Api;

/// <summary>Writes lines in the background. Owns the queue, not the stream.</summary>
/// <remarks>Disposed after the server has stopped: it writes what waits, for a second at most if nobody reads it, then ends.</remarks>
internal sealed class AccessLogWriter : IAsyncDisposable
{
    private static readonly TimeSpan EndTimeout = TimeSpan.FromSeconds(1);

    private readonly Channel<byte[]> _lines;
    private readonly Stream _output;
    private readonly ILogger<AccessLogWriter> _log;
    private readonly Task _writing;
    private long _dropped;

    /// <summary>Begins to write to <paramref name="output"/>.</summary>
    public AccessLogWriter(Stream output, IOptions<AccessLogOptions> options, ILogger<AccessLogWriter> log)
    {
        _output = output;
        _log = log;
        _lines = Channel.CreateBounded<byte[]>(new BoundedChannelOptions(options.Value.BufferLines) { SingleReader = true });
        _writing = options.Value.Format == AccessLogFormat.Off ? Task.CompletedTask : Task.Run(WriteAllAsync);
    }

    /// <summary>Lines dropped so far and not yet reported.</summary>
    public long Dropped => Interlocked.Read(ref _dropped);

    /// <summary>Queues a line, or drops it if too many wait.</summary>
    public void Add(byte[] line)
    {
        if (!_lines.Writer.TryWrite(line)) Interlocked.Increment(ref _dropped);
    }

    public async ValueTask DisposeAsync()
    {
        _lines.Writer.TryComplete();
        // A write to a pipe that nobody reads does not end; the process does, without it.
        await Task.WhenAny(_writing, Task.Delay(EndTimeout));
    }

    private async Task WriteAllAsync()
    {
        while (await _lines.Reader.WaitToReadAsync())
        {
            try
            {
                while (_lines.Reader.TryRead(out var line)) await _output.WriteAsync(line);
                await _output.FlushAsync();
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or ObjectDisposedException)
            {
                _log.AccessLogFailed(e);
            }
            if (Interlocked.Exchange(ref _dropped, 0) is > 0 and var dropped) _log.AccessLinesDropped(dropped);
        }
    }
}
