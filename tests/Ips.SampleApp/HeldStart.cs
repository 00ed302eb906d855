namespace Ips.SampleApp;

/// <summary>An app whose start takes as long as a test wants.</summary>
internal sealed class HeldStart : IHostedService
{
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        while (ReleaseFolder.Has(ReleaseFolder.HoldBeforeReady)) await Task.Delay(10, cancellationToken);
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
