using Ips.Actors.HttpFront;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Ips.Actors.Hosting;

/// <summary>A hosted service that runs in the primary generation only.</summary>
internal interface IPrimaryService : IHostedService;

/// <summary>Starts a new <typeparamref name="T"/> whenever this generation becomes primary, and stops it before another one does. Where Ips
/// is inert it runs from the host's start to its stop.</summary>
/// <remarks>A new one each time, as few services can be started again once they were stopped; each has a scope of its own.</remarks>
internal sealed class PrimaryService<T>(IServiceProvider services, IHostApplicationLifetime lifetime, IOptions<HostOptions> options)
    : IPrimaryService, IDisposable where T : class, IHostedService
{
    private readonly SemaphoreSlim _turn = new(1); // the host's stop may meet a promotion
    private readonly List<IDisposable> _registrations = [];
    private ILogger? _log;
    private Running? _running;
    private CancellationTokenSource? _starting;
    private bool _over;

    /// <exception cref="InvalidOperationException">The app has not called <c>AddIps()</c>.</exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var role = services.GetService<GenerationRole>()
            ?? throw new InvalidOperationException(
                $"AddIpsHostedService<{typeof(T).Name}>() needs AddIps() or UseIps(), which this host does not have.");
        _log = services.GetRequiredService<ILoggerFactory>().CreateLogger<T>();
        if (services.GetRequiredService<HostClaim>().InertReason is not null)
        {
            await RunAsync(cancellationToken).ConfigureAwait(false);
            return;
        }

        _registrations.Add(role.OnPromoted(_ => PromoteAsync()));
        _registrations.Add(role.OnDraining(EndAsync));
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        _over = true;
        return EndAsync(cancellationToken);
    }

    public void Dispose()
    {
        _registrations.ForEach(registration => registration.Dispose());
        _turn.Dispose();
    }

    // The role's own token ends with its handlers' time, and a BackgroundService takes the token of its start as its own.
    private async Task PromoteAsync()
    {
        try
        {
            await RunAsync(CancellationToken.None).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (_starting?.IsCancellationRequested == true)
        {
            // The role is lost again, or the host stops.
        }
        catch (Exception e)
        {
            Fail(e);
        }
    }

    private async Task RunAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (_over || _running is not null) return;
            _starting = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            var running = _running = Running.Create(services);
            await running.StartAsync(_starting.Token).ConfigureAwait(false);
            _ = WatchAsync(running);
        }
        catch
        {
            await DropAsync().ConfigureAwait(false);
            throw;
        }
        finally
        {
            _turn.Release();
        }
    }

    private async Task EndAsync(CancellationToken cancellationToken)
    {
        if (_running is { } current) current.Stopping = true; // first: what ends from here on does not fail
        if (_turn.CurrentCount == 0) await (_starting?.CancelAsync() ?? Task.CompletedTask).ConfigureAwait(false);
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (_running is not { } running) return;
            running.Stopping = true;
            await running.StopAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            await DropAsync().ConfigureAwait(false);
            _turn.Release();
        }
    }

    private async Task DropAsync()
    {
        if (_running is not { } running) return;
        _running = null;
        try
        {
            await running.DisposeAsync().ConfigureAwait(false);
        }
        catch (Exception e)
        {
            _log!.PrimaryServiceFailed(e, typeof(T).Name); // it has ended: nothing follows from it
        }
    }

    // The host watches only those that it knows.
    private async Task WatchAsync(Running running)
    {
        try
        {
            await running.Work.ConfigureAwait(false);
        }
        catch (Exception) when (running.Stopping)
        {
            // It ends as it was told to.
        }
        catch (Exception e)
        {
            Fail(e);
        }
    }

    private void Fail(Exception error)
    {
        _log!.PrimaryServiceFailed(error, typeof(T).Name);
        if (options.Value.BackgroundServiceExceptionBehavior != BackgroundServiceExceptionBehavior.StopHost) return;
        _log!.PrimaryServiceStopsHost(typeof(T).Name);
        lifetime.StopApplication();
    }

    private sealed class Running(T service, AsyncServiceScope scope) : IAsyncDisposable
    {
        /// <summary>It was told to stop: how it ends is no failure.</summary>
        public volatile bool Stopping;

        /// <summary>What it does in the background.</summary>
        public Task Work => (service as BackgroundService)?.ExecuteTask ?? Task.CompletedTask;

        public static Running Create(IServiceProvider services)
        {
            var scope = services.CreateAsyncScope();
            try
            {
                return new(ActivatorUtilities.CreateInstance<T>(scope.ServiceProvider), scope);
            }
            catch
            {
                scope.Dispose();
                throw;
            }
        }

        public async Task StartAsync(CancellationToken cancellationToken)
        {
            var lifecycle = service as IHostedLifecycleService;
            await (lifecycle?.StartingAsync(cancellationToken) ?? Task.CompletedTask).ConfigureAwait(false);
            await service.StartAsync(cancellationToken).ConfigureAwait(false);
            await (lifecycle?.StartedAsync(cancellationToken) ?? Task.CompletedTask).ConfigureAwait(false);
        }

        public async Task StopAsync(CancellationToken cancellationToken)
        {
            var lifecycle = service as IHostedLifecycleService;
            await (lifecycle?.StoppingAsync(cancellationToken) ?? Task.CompletedTask).ConfigureAwait(false);
            await service.StopAsync(cancellationToken).ConfigureAwait(false);
            await (lifecycle?.StoppedAsync(cancellationToken) ?? Task.CompletedTask).ConfigureAwait(false);
        }

        public async ValueTask DisposeAsync()
        {
            if (service is IAsyncDisposable async) await async.DisposeAsync().ConfigureAwait(false);
            else (service as IDisposable)?.Dispose();
            await scope.DisposeAsync().ConfigureAwait(false);
        }
    }
}
