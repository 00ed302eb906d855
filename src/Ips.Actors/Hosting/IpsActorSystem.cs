using Akka.Actor;
using Akka.Event;
using Akka.Hosting;
using Ips.Actors.Diagnostics;
using Ips.Actors.Lifecycle;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using LogLevel = Microsoft.Extensions.Logging.LogLevel;

namespace Ips.Actors.Hosting;

/// <summary>The actor system of Ips, apart from the app's container: an app that uses Akka.NET keeps its <c>ActorSystem</c>, its registry
/// and its cluster to itself.</summary>
internal sealed class IpsActorSystem : IDisposable
{
    private Task<ActorSystem>? _system;

    /// <summary>The actors, by their key; null before the start, and in a host where Ips is inert.</summary>
    public ActorRegistry? Registry { get; private set; }

    /// <summary>Makes the system beside the app's own start, as it takes a tenth of a second and more. It has no actors of Ips
    /// yet.</summary>
    public void Begin() => _system ??= Task.Run(Create);

    /// <summary>Starts the actors, in a system that was made before or is made now.</summary>
    /// <param name="log">For Akka's own warnings and errors; it must not block.</param>
    /// <param name="lifetime">The app's; an actor system that ends by itself stops the app.</param>
    /// <param name="compose">Makes and registers the actors.</param>
    /// <param name="cancellationToken">Ends the start.</param>
    public async Task StartAsync(
        ILogger log, IHostApplicationLifetime lifetime, Action<ActorSystem, IActorRegistry> compose,
        CancellationToken cancellationToken)
    {
        Begin();
        var system = await _system!.WaitAsync(cancellationToken).ConfigureAwait(false);
        system.ActorOf(ActorProps.Of(() => new LogActor(log)), "log");
        Registry = ActorRegistry.For(system);
        compose(system, Registry);
        _ = StopWithAsync(system, lifetime);
    }

    /// <summary>Ends the actors.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (_system is not { } begun) return;
        var system = await begun.WaitAsync(cancellationToken).ConfigureAwait(false);
        await system.Terminate().WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Ends the system without waiting for its end.</summary>
    public void Dispose() => _ = EndAsync();

    // By a name and a configuration alone: other ways to make a system read app.config, by System.Configuration, in vain.
    private static ActorSystem Create() => ActorSystem.Create("ips", ActorSystemSettings.Hocon);

    private static async Task StopWithAsync(ActorSystem system, IHostApplicationLifetime lifetime)
    {
        await system.WhenTerminated.ConfigureAwait(false);
        lifetime.StopApplication();
    }

    private async Task EndAsync()
    {
        if (_system is not { } begun) return;
        await ((Task)begun).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // where it failed there is nothing to end
        if (begun.IsCompletedSuccessfully) await begun.Result.Terminate().ConfigureAwait(false);
    }

    // Akka.Hosting's own logger needs a setup, and so app.config.
    private sealed class LogActor(ILogger log) : UntypedActor
    {
        protected override void PreStart()
        {
            Context.System.EventStream.Subscribe(Self, typeof(Warning));
            Context.System.EventStream.Subscribe(Self, typeof(Error));
        }

        protected override void OnReceive(object message)
        {
            if (message is not LogEvent happened) return;
            log.ActorSystemFault(
                happened is Error ? LogLevel.Error : LogLevel.Warning, happened.Cause, happened.LogSource, happened.Message);
        }
    }
}

internal static partial class ActorSystemLog
{
    [LoggerMessage(EventId = EventIds.ActorSystemFault, Message = "{Source}: {Fault}")]
    public static partial void ActorSystemFault(this ILogger logger, LogLevel level, Exception? exception, string source, object? fault);
}
