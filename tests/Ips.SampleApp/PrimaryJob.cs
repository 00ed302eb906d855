namespace Ips.SampleApp;

/// <summary>An ordinary background service, which <c>AddIpsHostedService</c> runs in one generation at a time. On with
/// <c>--Sample:PrimaryJobFolder=PATH</c>.</summary>
internal sealed class PrimaryJob(IIpsGeneration generation, IConfiguration configuration) : BackgroundService
{
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => configuration["Sample:PrimaryJobFolder"] is { } folder
        ? ExclusiveWork.RunAsync(folder, generation.Number, stoppingToken) : Task.CompletedTask;
}
