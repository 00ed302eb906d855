using System.Text;
using Ips.Actors.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Mono.Unix.Native;

namespace Ips.Actors.Tests.Diagnostics;

public sealed partial class LineFormatLoggerTests : IDisposable
{
    private readonly string _file = Path.GetTempFileName();
    private readonly int _fd;
    private readonly LogLane _lane;
    private int _generation;

    public LineFormatLoggerTests()
    {
        _fd = Syscall.open(_file, OpenFlags.O_WRONLY | OpenFlags.O_APPEND | OpenFlags.O_CLOEXEC);
        _lane = new LogLane(_fd);
    }

    public void Dispose()
    {
        Written();
        _ = Syscall.close(_fd);
        File.Delete(_file);
    }

    [Fact]
    public void Log_GenerationLearntLater_IsInTheLinesFromThenOn()
    {
        var logger = Logger(LineFormat.Line, LogLevel.Information);
        Left(logger, 3, "a\nb");
        _generation = 4;
        Left(logger, 2, "c");

        Assert.Equal([
            $"2026-01-02T03:04:05.678Z WARN  gen=0 pid={Environment.ProcessId} Ips.Actors.HttpFront.HttpFrontActor 1401 3 left of a\\nb",
            $"2026-01-02T03:04:05.678Z WARN  gen=4 pid={Environment.ProcessId} Ips.Actors.HttpFront.HttpFrontActor 1401 2 left of c",
        ], Written().Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact]
    public void Log_Json_HasTheFields()
    {
        Left(Logger(LineFormat.Json, LogLevel.Information), 3, "a");
        Assert.Equal(
            $$$"""{"time":"2026-01-02T03:04:05.678Z","level":"warning","generation":0,"pid":{{{Environment.ProcessId}}}"""
                + ""","source":"Ips.Actors.HttpFront.HttpFrontActor","eventId":1401"""
                + ""","eventName":"Left","message":"3 left of a","state":{"Count":3,"What":"a"}}""" + "\n",
            Written());
    }

    [Fact]
    public void Log_BelowTheMinimum_WritesNothing()
    {
        Left(Logger(LineFormat.Line, LogLevel.Error), 3, "a");
        Assert.Equal("", Written());
    }

    [Fact]
    public void Log_ValueThatLogsWhileItIsWritten_LosesNeitherLine()
    {
        var logger = Logger(LineFormat.Json, LogLevel.Information);
        Left(logger, 1, new LogsItself(logger));
        var lines = Written().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.All(lines, line => System.Text.Json.JsonDocument.Parse(line).Dispose());
        Assert.Contains(lines, line => line.Contains("1 left of itself", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.Contains("9 left of inner", StringComparison.Ordinal));
    }

    [Fact]
    public void Log_WarmLine_AllocatesLittleBesidesItsMessage()
    {
        var logger = Logger(LineFormat.Line, LogLevel.Information);
        // The best of some rounds: until the runtime has compiled it for speed, the same code allocates more.
        var each = Enumerable.Range(0, 20).Min(_ =>
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < 1000; i++) Left(logger, i, "warm");
            return (GC.GetAllocatedBytesForCurrentThread() - before) / 1000;
        });
        Assert.InRange(each, 0, 400); // the message, its boxed arguments and the state
    }

    [Fact]
    public void AddIpsLog_Registered_IsTheProvider()
    {
        using var services = new ServiceCollection().AddLogging(logging =>
            logging.ClearProviders().AddIpsLog(o => o.Format = LineFormat.Json)).BuildServiceProvider();
        Assert.IsType<LineFormatLoggerProvider>(Assert.Single(services.GetServices<ILoggerProvider>()));
    }

    private string Written()
    {
        Assert.True(_lane.Flush(TimeSpan.FromSeconds(20)));
        return File.ReadAllText(_file);
    }

    private ILogger Logger(LineFormat format, LogLevel minimum)
    {
        var options = new LineFormatOptions
        {
            Format = format, Generation = () => _generation,
            Time = new FakeTimeProvider(new(2026, 1, 2, 3, 4, 5, 678, TimeSpan.Zero))
        };
        var services = new ServiceCollection()
            .AddLogging(logging => logging.ClearProviders().SetMinimumLevel(minimum)
                .AddProvider(new LineFormatLoggerProvider(options, _lane)))
            .BuildServiceProvider();
        return services.GetRequiredService<ILoggerFactory>().CreateLogger("Ips.Actors.HttpFront.HttpFrontActor");
    }

    [LoggerMessage(1401, LogLevel.Warning, "{Count} left of {What}")]
    private static partial void Left(ILogger logger, int count, object what);

    private sealed class LogsItself(ILogger logger)
    {
        public override string ToString()
        {
            Left(logger, 9, "inner");
            return "itself";
        }
    }
}
