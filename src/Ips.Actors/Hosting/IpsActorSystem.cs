using Akka.Actor;
using Akka.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Ips.Actors.Hosting;

/// <summary>The actor system of Ips, in a container of its own: an app that uses Akka.NET keeps its <c>ActorSystem</c>, its registry and
/// its cluster to itself.</summary>
internal sealed class IpsActorSystem(IHostApplicationLifetime lifetime, ILoggerFactory loggers) : IDisposable
{
    private ServiceProvider? _services;

    /// <summary>The actors, by their key; null before the start, and in a host where Ips is inert.</summary>
    public ActorRegistry? Registry { get; private set; }

    /// <summary>Starts the system and its actors.</summary>
    /// <param name="compose">Makes and registers the actors.</param>
    /// <param name="cancellationToken">Ends the start.</param>
    public async Task StartAsync(Action<ActorSystem, IActorRegistry> compose, CancellationToken cancellationToken)
    {
        var services = new ServiceCollection();
        services.AddSingleton(lifetime); // both are instances of the app's container, which disposes of them
        services.AddSingleton(loggers);
        services.AddSingleton(typeof(ILogger<>), typeof(Logger<>));
        services.AddAkka("ips", (akka, _) => akka
            .AddHocon(ActorSystemSettings.Hocon, HoconAddMode.Replace)
            .ConfigureLoggers(logs =>
            {
                logs.ClearLoggers();
                logs.LogLevel = Akka.Event.LogLevel.WarningLevel;
                logs.AddLoggerFactory();
            })
            .WithActors(compose));
        _services = services.BuildServiceProvider();
        Registry = _services.GetRequiredService<ActorRegistry>();
        foreach (var service in _services.GetServices<IHostedService>())
        {
            await service.StartAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Ends the actors.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        foreach (var service in _services?.GetServices<IHostedService>() ?? [])
        {
            await service.StopAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    public void Dispose() => _services?.Dispose();
}
