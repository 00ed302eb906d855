using Serilog;

namespace Ips.SampleApp;

/// <summary>Serilog's file sink, as most apps configure it. On with <c>--Sample:FileLog=PATH</c>; with
/// <c>--Sample:FileLogShared=true</c> as they should.</summary>
internal sealed class FileLog(IConfiguration configuration) : IHostedService, IDisposable
{
    private Serilog.Core.Logger? _log;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        if (configuration["Sample:FileLog"] is not { } path) return Task.CompletedTask;
        _log = new LoggerConfiguration()
            .WriteTo.File(path, shared: configuration.GetValue<bool>("Sample:FileLogShared"), formatProvider: null).CreateLogger();
        _log.Information("Started.");
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose() => _log?.Dispose();
}
