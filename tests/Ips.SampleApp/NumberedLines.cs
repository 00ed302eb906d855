namespace Ips.SampleApp;

/// <summary>Writes numbered lines to the log at an even rate, from the app's start to its stop, so that a test can count them.</summary>
internal sealed partial class NumberedLines(ILogger<NumberedLines> log, IConfiguration configuration) : IHostedService, IDisposable
{
    private const int TickMs = 10;

    private readonly CancellationTokenSource _stop = new();
    private Task _writing = Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        if (configuration.GetValue<int>("Sample:LinesPerSecond") is > 0 and var rate) _writing = Task
            .Run(() => WriteAsync(rate), CancellationToken.None);
        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stop.CancelAsync();
        await _writing;
    }

    public void Dispose() => _stop.Dispose();

    private async Task WriteAsync(int rate)
    {
        var (written, started) = (0, TimeProvider.System.GetTimestamp());
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(TickMs));
        while (!_stop.IsCancellationRequested)
        {
            // What a busy machine delayed is made up for.
            for (var due = TimeProvider.System.GetElapsedTime(started).TotalSeconds * rate; written < due;) LogLine(log, ++written);
            await timer.WaitForNextTickAsync(CancellationToken.None);
        }

        LogAll(log, written);
    }

    [LoggerMessage(9002, LogLevel.Warning, "Line {Number}.")]
    private static partial void LogLine(ILogger logger, int number);

    [LoggerMessage(9003, LogLevel.Warning, "Wrote {Count} numbered lines in all.")]
    private static partial void LogAll(ILogger logger, int count);
}
