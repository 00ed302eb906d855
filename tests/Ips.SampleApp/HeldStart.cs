namespace Ips.SampleApp;

/// <summary>An app whose start takes as long as a test wants.</summary>
internal sealed partial class HeldStart(ILogger<HeldStart> log) : IHostedService
{
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (ReleaseFolder.Has(ReleaseFolder.HoldBeforeReady)) LogHeld(log);
        while (ReleaseFolder.Has(ReleaseFolder.HoldBeforeReady)) await Task.Delay(10, cancellationToken);
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    [LoggerMessage(9001, LogLevel.Warning, "The start of the app is held.")]
    private static partial void LogHeld(ILogger logger);
}
