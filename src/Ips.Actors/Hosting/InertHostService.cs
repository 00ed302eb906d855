using Ips.Actors.Diagnostics;
using Ips.Actors.HttpFront;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Ips.Actors.Hosting;

/// <summary>Where Ips is inert, the app is the only generation for as long as it runs: primary from its start to its stop.</summary>
/// <remarks>The web host of ASP.NET Core 2 calls <c>StartAsync</c> and <c>StopAsync</c> only.</remarks>
internal sealed class InertHostService : IHostedLifecycleService
{
    private readonly HostClaim _claim;
    private readonly GenerationRole _role;
    private readonly FrontState _state;
    private readonly ILogger<InertHostService> _log;
    private bool _isGenericHost;
    private bool _begun;

    public InertHostService(
        HostClaim claim, GenerationRole role, FrontState state, IHostApplicationLifetime lifetime, ILogger<InertHostService> log)
    {
        (_claim, _role, _state, _log) = (claim, role, state, log);
        lifetime.ApplicationStarted.Register(Begin);
        lifetime.ApplicationStopping.Register(() => _state.Ready = false);
    }

    public Task StartingAsync(CancellationToken cancellationToken)
    {
        _isGenericHost = true;
        return Task.CompletedTask;
    }

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _log.Inert(_claim.InertReason ?? "");
        return Task.CompletedTask;
    }

    // Ahead of ApplicationStarted: who waits for that finds the primary generation.
    public Task StartedAsync(CancellationToken cancellationToken)
    {
        Begin();
        return Task.CompletedTask;
    }

    public Task StoppingAsync(CancellationToken cancellationToken) => _role.DrainAsync();

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (_isGenericHost) return;
        await _role.DrainAsync().ConfigureAwait(false);
        await _role.ReleaseAsync().ConfigureAwait(false);
    }

    public Task StoppedAsync(CancellationToken cancellationToken) => _role.ReleaseAsync();

    private void Begin()
    {
        if (_begun) return;
        _begun = true;
        _state.BecomeReady();
        _role.ServeAsync();
        _role.PromoteAsync();
    }
}

internal static partial class InertLog
{
    [LoggerMessage(EventIds.Inert, LogLevel.Debug, "Ips does nothing here: {Reason}.")]
    public static partial void Inert(this ILogger logger, string reason);
}
