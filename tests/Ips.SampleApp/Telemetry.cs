using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Ips.SampleApp;

/// <summary>Counts what ASP.NET Core logs, measures and traces in this process, and every request that reaches the app. On with
/// <c>--Sample:Telemetry=true</c>; <c>/telemetry</c> shows it, one <c>count name</c> a line.</summary>
internal sealed class Telemetry : ILoggerProvider
{
    private readonly ConcurrentDictionary<string, int> _counts = new();
    private readonly MeterListener _meters = new();
    private readonly ActivityListener _activities;

    private Telemetry()
    {
        _meters.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name.StartsWith("Microsoft.AspNetCore", StringComparison.Ordinal))
                listener.EnableMeasurementEvents(instrument);
        };
        _meters.SetMeasurementEventCallback<long>((instrument, _, _, _) => Count($"metric {instrument.Name}"));
        _meters.SetMeasurementEventCallback<double>((instrument, _, _, _) => Count($"metric {instrument.Name}"));
        _meters.Start();
        _activities = new ActivityListener
        {
            ShouldListenTo = _ => true,
            Sample = (ref _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStarted = activity => Count($"activity {activity.OperationName}"),
        };
        ActivitySource.AddActivityListener(_activities);
    }

    /// <summary>Begins to count, ahead of all that could be counted; null if it is off.</summary>
    public static Telemetry? Configure(WebApplicationBuilder builder)
    {
        if (!builder.Configuration.GetValue<bool>("Sample:Telemetry")) return null;
        var telemetry = new Telemetry();
        builder.Logging.AddProvider(telemetry).AddFilter<Telemetry>(null, LogLevel.Trace);
        return telemetry;
    }

    /// <summary>Before all other middleware.</summary>
    public void Use(WebApplication app)
    {
        app.Use((context, next) =>
        {
            Count($"request {context.Request.Path}");
            return next(context);
        });
        app.MapGet("/telemetry", () => string.Join('\n',
            _counts.OrderBy(count => count.Key, StringComparer.Ordinal).Select(count => $"{count.Value} {count.Key}")));
    }

    public ILogger CreateLogger(string categoryName) =>
        new Counter(this, categoryName.StartsWith("Microsoft.AspNetCore", StringComparison.Ordinal) ? $"log {categoryName}" : null);

    public void Dispose()
    {
        _meters.Dispose();
        _activities.Dispose();
    }

    private void Count(string what) => _counts.AddOrUpdate(what, 1, (_, count) => count + 1);

    private sealed class Counter(Telemetry telemetry, string? what) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => what is not null;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter)
        {
            if (what is not null) telemetry.Count($"{what} {eventId.Name}");
        }
    }
}
