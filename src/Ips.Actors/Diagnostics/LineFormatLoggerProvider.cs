using System.Buffers;
using Microsoft.Extensions.Logging;

namespace Ips.Actors.Diagnostics;

/// <summary>Loggers that write each event as one line, at once, without a queue.</summary>
internal sealed class LineFormatLoggerProvider(LineFormatOptions options, LineFormatSink sink, LineFormatSink? journal = null) : ILoggerProvider
{
    private const int LargestKept = 64 * 1024;

    [ThreadStatic]
    private static ArrayBufferWriter<byte>? s_buffer;

    /// <inheritdoc/>
    public ILogger CreateLogger(string categoryName) => new LineLogger(categoryName, options, sink, journal);

    /// <inheritdoc/>
    public void Dispose()
    {
        // Every line was written when it was logged; the descriptor is the process's own.
    }

    private sealed class LineLogger(string source, LineFormatOptions options, LineFormatSink sink, LineFormatSink? journal) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.None; // the filters before this one decide by level

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (logLevel == LogLevel.None) return;
            var e = new LineFormatEvent(options.Time.GetUtcNow(), logLevel, options.Generation(), Environment.ProcessId, source, eventId, exception);
            var message = formatter(state, exception);

            // Taken from the thread while it is in use: ToString of a value in the state might log by itself.
            var buffer = s_buffer ?? new ArrayBufferWriter<byte>(1024);
            s_buffer = null;
            var target = journal is not null && JournalStream.IsError ? journal : sink;
            if (target == journal) buffer.Write(JournalPriority.Prefix(logLevel));
            if (options.Format == LineFormat.Json) LineFormatWriter.WriteJson(buffer, e, message, state as IEnumerable<KeyValuePair<string, object?>>);
            else LineFormatWriter.WriteLine(buffer, e, message);
            target.Write(buffer.WrittenSpan);
            if (buffer.Capacity > LargestKept) return;
            buffer.ResetWrittenCount();
            s_buffer = buffer;
        }
    }
}
