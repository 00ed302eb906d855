using Akka.Hosting;
using Ips.Actors.Configuration;
using Ips.Actors.Diagnostics;
using Ips.Actors.Hosting;
using Ips.Actors.HttpFront;
using Ips.Actors.Launch;
using Ips.Actors.Signals;
using Ips.Actors.Transport;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.Hosting;

/// <summary>Makes a running ASP.NET Core app replaceable.</summary>
public static class IpsHostingExtensions
{
    /// <summary>Margin by which the host's own shutdown timeout exceeds the drain's, so that the drain decides.</summary>
    private static readonly TimeSpan ShutdownMargin = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Lets SIGUSR2 replace the app without a client noticing: its Kestrel endpoints, wherever they are configured, pass to a successor
    /// that is started with the same command line. Call it first, right after the builder was created.
    /// </summary>
    /// <param name="builder">The app's builder.</param>
    /// <param name="configure">Sets options in code, after the configuration section <c>Ips</c>. No option is required. It is called twice;
    /// the first call, before the handover begins, is for <see cref="TakeoverOptions.From"/>.</param>
    /// <returns>The same builder.</returns>
    /// <exception cref="Ips.Actors.Handover.HandoverRefusedException">This process was started as a successor, or to take a service over
    /// (<see cref="TakeoverOptions.From"/>), and cannot.</exception>
    public static WebApplicationBuilder AddIps(this WebApplicationBuilder builder, Action<IpsOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ProcessSignals.Register();
        // The handshake comes first of all, so the one option that it needs is asked for ahead of the others.
        var early = new IpsOptions { Takeover = { From = builder.Configuration["Ips:Takeover:From"] } };
        configure?.Invoke(early);
        var generation = GenerationContext.Enter(early.Takeover.From is { Length: > 0 } from ? from : null);
        var services = builder.Services;
        if (services.Any(service => service.ServiceType == typeof(IpsRuntime)))
        {
            return builder;
        }

        var options = services.AddOptions<IpsOptions>().Bind(builder.Configuration.GetSection("Ips")).ValidateOnStart();
        if (configure is not null)
        {
            options.Configure(configure);
        }

        if (generation.IsSuccessor)
        {
            FailureReport.WatchUnhandledExceptions();
        }

        services.AddSingleton<IValidateOptions<IpsOptions>, IpsOptionsValidator>();
        services.AddSingleton(generation);
        services.AddSingleton(new LostState(services));
        services.AddSingleton<FrontState>();
        services.AddSingleton(provider => new HealthCheckProbe(provider, TimeProvider.System));
        services.AddSingleton<PoliteClose>();
        HubFarewell.Register(services);
        services.AddSingleton<ConnectionRegistry>();
        services.AddSingleton(provider => new HandoverConnectionFactory(
            provider.GetRequiredService<IOptions<SocketTransportOptions>>().Value,
            provider.GetRequiredService<IMemoryPoolFactory<byte>>(),
            provider.GetRequiredService<ConnectionRegistry>(),
            provider.GetRequiredService<ActorLoggers>().Create<HandoverConnectionFactory>(),
            provider.GetRequiredService<IOptions<IpsOptions>>().Value.MovableFeatures.ToHashSet()));
        services.AddSingleton(provider => new GenerationRole(
            generation, provider.GetRequiredService<ActorLoggers>().Create<GenerationRole>()));
        services.AddSingleton<IIpsGeneration>(provider => provider.GetRequiredService<GenerationRole>());
        services.AddSingleton<HostExit>();
        services.AddSingleton<ActorLoggers>();
        services.AddSingleton<IpsRuntime>();
        services.AddSingleton<IHostLifetime, IpsHostLifetime>();
        services.AddHostedService<IpsHostService>();
        services.AddSingleton<HandoverTransport>();
        services.AddSingleton<IConnectionListenerFactory>(provider => provider.GetRequiredService<HandoverTransport>());
        services.AddSingleton<IStartupFilter, FrontStartupFilter>();
        services.AddOptions<HostOptions>().PostConfigure<IOptions<IpsOptions>>((host, ips) =>
        {
            var needed = ips.Value.Drain.Timeout + ShutdownMargin;
            host.ShutdownTimeout = host.ShutdownTimeout > needed ? host.ShutdownTimeout : needed;
        });
        services.AddAkka("ips", (akka, provider) => akka
            .AddHocon(ActorSystemSettings.Hocon, HoconAddMode.Replace)
            .ConfigureLoggers(loggers =>
            {
                loggers.ClearLoggers();
                loggers.LogLevel = Akka.Event.LogLevel.WarningLevel;
                loggers.AddLoggerFactory();
            })
            .WithActors((system, registry) => provider.GetRequiredService<IpsRuntime>().Start(system, registry)));
        return builder;
    }

    /// <summary>Gets how this process was started, for decisions that an app makes before it is built, such as which database it may
    /// open.</summary>
    /// <param name="builder">The app's builder, after <see cref="AddIps"/>.</param>
    /// <returns>The generation's number, whether it is the first, and the facts that its predecessor passed on.</returns>
    /// <exception cref="InvalidOperationException"><see cref="AddIps"/> was not called on this builder.</exception>
    public static IpsStart IpsStart(this WebApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var registered = builder.Services.FirstOrDefault(service => service.ServiceType == typeof(GenerationContext));
        var generation = registered?.ImplementationInstance as GenerationContext
            ?? throw new InvalidOperationException("AddIps() was not called on this builder.");
        return new IpsStart(
            generation.Number, !generation.IsSuccessor && !generation.Orphaned,
            generation.Welcome?.Facts ?? new Dictionary<string, string>());
    }
}
