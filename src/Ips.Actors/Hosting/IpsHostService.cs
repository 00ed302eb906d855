using Akka.Actor;
using Akka.Hosting;
using Ips.Actors.HttpFront;
using Ips.Actors.Lifecycle;
using Ips.Actors.Transport;
using Microsoft.Extensions.Hosting;

namespace Ips.Actors.Hosting;

/// <summary>Ties the lifecycle to the .NET host: tells when the app has started, and holds the host's stop until the drain is
/// over.</summary>
/// <remarks>
/// <c>StoppingAsync</c> may overlap the callbacks of <c>ApplicationStopping</c>, come before them when the app calls <c>StopAsync</c>
/// itself, and run twice. So it waits for a callback that was registered first, which runs last, and the drain is idempotent.
/// </remarks>
internal sealed class IpsHostService : IHostedLifecycleService
{
    private readonly TaskCompletionSource _stoppingTold = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly IHostApplicationLifetime _lifetime;
    private readonly IpsRuntime _runtime;
    private readonly ActorRegistry _actors;
    private readonly GenerationRole _role;
    private readonly HostExit _exit;

    public IpsHostService(IHostApplicationLifetime lifetime, IpsRuntime runtime, ActorRegistry actors, GenerationRole role, HostExit exit)
    {
        (_lifetime, _runtime, _actors, _role, _exit) = (lifetime, runtime, actors, role, exit);
        lifetime.ApplicationStopping.Register(() => _stoppingTold.TrySetResult());
        lifetime.ApplicationStarted.Register(OnStarted);
    }

    public Task StartingAsync(CancellationToken cancellationToken)
    {
        _runtime.Prepare();
        return Task.CompletedTask;
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) =>
        _actors.TryGet<ListenerProtocol>(out var listeners) ? _runtime.CheckEndpointsAsync(listeners, cancellationToken)
            : Task.CompletedTask;

    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        _lifetime.StopApplication();
        await _stoppingTold.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        if (_actors.TryGet<LifecycleActor>(out var lifecycle))
        {
            lifecycle.Tell(new LifecycleEvent.HostStopping());
            await _exit.Decided.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => _role.ReleaseAsync();

    private void OnStarted()
    {
        if (_actors.TryGet<HttpFrontActor>(out var front))
        {
            front.Tell(new HttpFrontProtocol.HostStarted());
        }
    }
}

/// <summary>In place of the default <c>ConsoleLifetime</c>: signals come by SignalActor.</summary>
internal sealed class IpsHostLifetime : IHostLifetime
{
    public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
