using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Ips.Actors.Tests.Support;

/// <summary>Keeps what was logged, and throws instead while <see cref="Broken"/>, as a provider on a full disk may.</summary>
internal sealed class RecordingLog : ILogger
{
    public ConcurrentQueue<(LogLevel Level, EventId Id, string Text)> Entries { get; } = new();

    public bool Broken { get; set; }

    public void WriteTo(Xunit.Abstractions.ITestOutputHelper output)
    {
        foreach (var (level, _, text) in Entries)
        {
            output.WriteLine($"{level}: {text}");
        }
    }

    public bool Has(int eventId) => Entries.Any(entry => entry.Id.Id == eventId);

    public int Count(int eventId) => Entries.Count(entry => entry.Id.Id == eventId);

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception,
        Func<TState, Exception?, string> formatter)
    {
        if (Broken)
        {
            throw new IOException("No space left on device");
        }

        Entries.Enqueue((logLevel, eventId, formatter(state, exception)));
    }
}
