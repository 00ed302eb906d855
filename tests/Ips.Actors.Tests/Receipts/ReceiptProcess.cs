using Ips.Actors.Control;
using Ips.Actors.Handover;
using Ips.Actors.Lifecycle;
using Ips.Actors.Reloader;

namespace Ips.Actors.Tests.Receipts;

/// <summary>A process of generation 7 to which nothing is done.</summary>
internal sealed class ReceiptProcess : ICurrentProcess
{
    public int Pid => 4711;

    public int Generation => 7;

    public string Release => "1.2.3";

    public IReadOnlyList<string> ConfigurationErrors { get; set; } = [];

    public IReadOnlyList<EndpointOffer> MovableEndpoints() => [];

    public IReadOnlyList<EndpointOffer> AcceptedEndpoints() => [];

    public string? KeptState => null;

    public void PublishIdentity()
    {
    }

    public void HandOverIdentity(bool toTakeover)
    {
    }

    public void KeepSockets()
    {
    }

    public void DropSockets()
    {
    }

    public void RestartService(bool own)
    {
    }

    public Task RestartOver => Task.CompletedTask;

    public void RetractIdentity(bool handedOver)
    {
    }

    public void RenewIdentity()
    {
    }

    public void ReportStarted()
    {
    }

    public string? ReloadObstacle() => null;

    public string? ReopenLog() => null;

    public ReleaseStamp? ReleaseInPlace() => null;

    public Task<string?> PassOnReloadAsync(ReloadRequest request) => Task.FromResult<string?>(null);

    public void KeepHistory(IReadOnlyList<ReloadReceipt> receipts)
    {
    }

    public void AddToHistory(ReloadReceipt receipt)
    {
    }

    public IReadOnlyList<string> CheckConfiguration() => ConfigurationErrors;

    public Task HostTold => Task.CompletedTask;

    public void StopHost()
    {
    }

    public void Exit(ExitCode code)
    {
    }

    public bool RestorePaths(IReadOnlyList<ReloadReceipt> history) => false;
}
