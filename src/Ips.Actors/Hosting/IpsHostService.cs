using Akka.Actor;
using Ips.Actors.HttpFront;
using Ips.Actors.Launch;
using Ips.Actors.Lifecycle;
using Ips.Actors.Transport;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Ips.Actors.Hosting;

/// <summary>Ties the lifecycle to the .NET host: tells when the app has started, and holds the host's stop until the drain is
/// over.</summary>
/// <remarks>
/// <c>StoppingAsync</c> may overlap the callbacks of <c>ApplicationStopping</c>, come before them when the app calls <c>StopAsync</c>
/// itself, and run twice. So it waits for a callback that was registered first, which runs last, and the drain is idempotent.
/// </remarks>
[SupportedOSPlatform("linux")]
internal sealed class IpsHostService : IHostedLifecycleService
{
    private readonly TaskCompletionSource _stoppingTold = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly IHostApplicationLifetime _lifetime;
    private readonly IpsRuntime _runtime;
    private readonly IpsActorSystem _actors;
    private readonly GenerationRole _role;
    private readonly HostExit _exit;
    private readonly IServiceProvider _services; // not the hosted services: this is one of them

    public IpsHostService(
        IHostApplicationLifetime lifetime, IpsRuntime runtime, IpsActorSystem actors, GenerationRole role, HostExit exit,
        IServiceProvider services)
    {
        (_lifetime, _runtime, _actors, _role, _exit, _services) = (lifetime, runtime, actors, role, exit, services);
        lifetime.ApplicationStopping.Register(() => _stoppingTold.TrySetResult());
        lifetime.ApplicationStarted.Register(OnStarted);
    }

    public Task StartingAsync(CancellationToken cancellationToken) => _runtime.StartAsync(cancellationToken);

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Find<ListenerProtocol>() is { } listeners
        ? _runtime.CheckEndpointsAsync(listeners, cancellationToken) : Task.CompletedTask;

    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        // Where a callback still runs, it would hold a thread of the pool until that ends.
        if (!_lifetime.ApplicationStopping.IsCancellationRequested) _lifetime.StopApplication();
        await _stoppingTold.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        if (Find<LifecycleActor>() is { } lifecycle)
        {
            TellFault();
            lifecycle.Tell(new LifecycleEvent.HostStopping());
            await _exit.Decided.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    // Kestrel has stopped: it unbinds by asking an actor.
    public async Task StoppedAsync(CancellationToken cancellationToken)
    {
        await _role.ReleaseAsync().ConfigureAwait(false);
        await _actors.StopAsync(cancellationToken).ConfigureAwait(false);
    }

    // A background service that fails stops the host, which does not say why.
    private void TellFault()
    {
        var faulted = _services.GetServices<IHostedService>().OfType<BackgroundService>()
            .FirstOrDefault(service => service.ExecuteTask is { IsFaulted: true });
        if (faulted?.ExecuteTask?.Exception is { } fault)
            FailureReport.Tell($"its {faulted.GetType().Name} failed: {FailureReport.Words(fault.GetBaseException())}");
    }

    private void OnStarted() => Find<HttpFrontActor>()?.Tell(new HttpFrontProtocol.HostStarted());

    private IActorRef? Find<TKey>() => _actors.Registry?.TryGet<TKey>(out var actor) == true ? actor : null;
}
