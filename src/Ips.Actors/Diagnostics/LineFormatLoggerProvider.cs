using System.Buffers;
using Microsoft.Extensions.Logging;

namespace Ips.Actors.Diagnostics;

/// <summary>Loggers that queue each event as one line, at once and without ever waiting: see <see cref="LogLane"/>.</summary>
[SupportedOSPlatform("linux")]
internal sealed class LineFormatLoggerProvider : ILoggerProvider
{
    private const int LargestKept = 64 * 1024;

    [ThreadStatic]
    private static ArrayBufferWriter<byte>? s_buffer;

    private readonly LineFormatOptions _options;
    private readonly LogLane _lane;
    private readonly LogLane? _journal;

    /// <param name="options">The form of the lines.</param>
    /// <param name="lane">Where they go.</param>
    /// <param name="journal">Where they go if that is the journal; null for nowhere else.</param>
    internal LineFormatLoggerProvider(LineFormatOptions options, LogLane lane, LogLane? journal = null)
    {
        (_options, _lane, _journal) = (options, lane, journal);
        lane.Form = options;
        if (journal is not null) journal.Form = options;
    }

    public ILogger CreateLogger(string categoryName) => new LineLogger(categoryName, this);

    public void Dispose()
    {
        // The lanes are the process's own: they are flushed at its exit.
    }

    private sealed class LineLogger(string source, LineFormatLoggerProvider provider) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.None; // the filters before this one decide by level

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter)
        {
            if (logLevel == LogLevel.None) return;
            var message = formatter(state, exception);

            // Taken from the thread while it is in use: ToString of a value in the state might log by itself.
            var buffer = s_buffer ?? new ArrayBufferWriter<byte>(1024);
            s_buffer = null;
            var lane = provider._journal is { } journal && JournalStream.IsError ? journal : provider._lane;
            if (lane == provider._journal) buffer.Write(JournalPriority.Prefix(logLevel));
            LineFormatWriter.Write(
                buffer, provider._options, lane.Style, logLevel, source, eventId, message, exception,
                state as IEnumerable<KeyValuePair<string, object?>>);
            lane.Write(buffer.WrittenSpan);
            if (buffer.Capacity > LargestKept) return;
            buffer.ResetWrittenCount();
            s_buffer = buffer;
        }
    }
}
