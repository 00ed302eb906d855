using Ips.Actors.Diagnostics;
using Ips.Actors.HttpFront;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Ips.Actors.Hosting;

/// <summary>Where Ips is inert, the app is the only generation for as long as it runs: primary from its start to its stop.</summary>
internal sealed class InertHostService : IHostedLifecycleService
{
    private readonly HostClaim _claim;
    private readonly GenerationRole _role;
    private readonly FrontState _state;
    private readonly ILogger<InertHostService> _log;

    public InertHostService(
        HostClaim claim, GenerationRole role, FrontState state, IHostApplicationLifetime lifetime, ILogger<InertHostService> log)
    {
        (_claim, _role, _state, _log) = (claim, role, state, log);
        lifetime.ApplicationStopping.Register(() => _state.Ready = false);
    }

    public Task StartingAsync(CancellationToken cancellationToken)
    {
        _log.Inert(_claim.InertReason ?? "");
        return Task.CompletedTask;
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    // Ahead of ApplicationStarted: who waits for that finds the primary generation.
    public Task StartedAsync(CancellationToken cancellationToken)
    {
        _state.BecomeReady();
        _role.ServeAsync();
        _role.PromoteAsync();
        return Task.CompletedTask;
    }

    public Task StoppingAsync(CancellationToken cancellationToken) => _role.DrainAsync();

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => _role.ReleaseAsync();
}

internal static partial class InertLog
{
    [LoggerMessage(EventIds.Inert, LogLevel.Debug, "Ips does nothing here: {Reason}.")]
    public static partial void Inert(this ILogger logger, string reason);
}
