using Ips.Actors.Configuration;
using Ips.Actors.Diagnostics;
using Ips.Actors.HttpFront;
using Ips.Actors.Launch;
using Ips.Actors.Listener;
using Ips.Actors.Signals;
using Ips.Actors.Transport;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Hosting.Internal;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Ips.Actors.Hosting;

/// <summary>What <c>AddIps()</c> and <c>UseIps()</c> do to a host, whatever its builder.</summary>
internal static class IpsRegistration
{
    /// <summary>Margin by which the host's own shutdown timeout exceeds the drain's, so that the drain decides.</summary>
    private static readonly TimeSpan ShutdownMargin = TimeSpan.FromSeconds(10);

    /// <summary>Handles the signals of this process from now on, as the default action of most is death.</summary>
    /// <returns>What is known of the host so far.</returns>
    public static HostFacts Begin()
    {
        var facts = new HostFacts(OperatingSystem.IsLinux(), HostFit.FindTool(), HasGenericHost: true, Server: null);
        if (OperatingSystem.IsLinux() && HostFit.InertReason(facts) is null) ProcessSignals.Register();
        return facts;
    }

    /// <summary>Registers the services.</summary>
    /// <param name="services">The host's.</param>
    /// <param name="configuration">The app's.</param>
    /// <param name="configure">Options in code; null for none.</param>
    /// <param name="facts">From <see cref="Begin"/>.</param>
    /// <exception cref="Handover.HandoverRefusedException">This process was started as a successor, or to take a service over, and
    /// cannot.</exception>
    public static void Add(
        IServiceCollection services, IConfiguration configuration, Action<IpsOptions>? configure, HostFacts facts)
    {
        if (services.Any(service => service.ServiceType == typeof(HostClaim))) return;
        services.AddSingleton<FrontState>();
        services.AddSingleton(provider => new HealthCheckProbe(provider, TimeProvider.System));
        services.AddSingleton(CreateRole);
        BackgroundJobs.Add(services);
        var reason = HostFit.InertReason(facts);
        if (reason is not null || !OperatingSystem.IsLinux())
        {
            services.AddSingleton(new HostClaim(reason ?? ""));
            services.AddSingleton(GenerationContext.Only);
            services.AddSingleton(StartOf(GenerationContext.Only));
            services.AddHostedService<InertHostService>();
            HostClaim.Undo(); // Begin() did not know yet that there is no generic host
            return;
        }

        services.AddSingleton(provider => new HostClaim(provider, facts));
        AddActive(services, configuration, configure);
    }

    /// <summary>How a generation was started.</summary>
    public static IpsStart StartOf(GenerationContext generation) => new(
        generation.Number, !generation.IsSuccessor && !generation.Orphaned, generation.Welcome?.Facts ?? new Dictionary<string, string>());

    [SupportedOSPlatform("linux")]
    private static void AddActive(IServiceCollection services, IConfiguration configuration, Action<IpsOptions>? configure)
    {
        // The handshake comes first of all, so the one option that it needs is asked for ahead of the others.
        var early = new IpsOptions { Takeover = { From = configuration["Ips:Takeover:From"] } };
        configure?.Invoke(early);
        var generation = GenerationStart.Enter(early.Takeover.From is { Length: > 0 } from ? from : null);
        if (generation.IsSuccessor)
        {
            FailureReport.WatchExceptions();
        }

        var actors = new IpsActorSystem();
        if (!HostFit.IsTestProcess) actors.Begin(); // tests build many hosts, most of them with a server that Ips does not serve

        var options = services.AddOptions<IpsOptions>().Bind(configuration.GetSection("Ips")).ValidateOnStart();
        if (configure is not null)
        {
            options.Configure(configure);
        }

        var inKubernetes = Environment.GetEnvironmentVariable(DrainOptions.KubernetesVariable) is { Length: > 0 };
        services.PostConfigure<IpsOptions>(ips => ips.Drain.InKubernetes = inKubernetes);
        services.AddSingleton<IValidateOptions<IpsOptions>, IpsOptionsValidator>();
        services.AddSingleton(generation);
        services.AddSingleton(StartOf(generation));
        services.AddSingleton<AppPipeline>();
        services.AddSingleton(new LostState(services));
        services.AddSingleton<PoliteClose>();
        HubFarewell.Register(services);
        services.AddSingleton<ConnectionRegistry>();
        services.AddSingleton(provider => new HandoverConnectionFactory(
            provider.GetRequiredService<IOptions<SocketTransportOptions>>().Value,
            provider.GetRequiredService<IMemoryPoolFactory<byte>>(),
            provider.GetRequiredService<ConnectionRegistry>(),
            provider.GetRequiredService<ActorLoggers>().Create<HandoverConnectionFactory>(),
            provider.GetRequiredService<IOptions<IpsOptions>>().Value.MovableFeatures.ToHashSet()));
        services.AddSingleton<HostExit>();
        services.AddSingleton(provider => new ActorLoggers(
            provider.GetRequiredService<ILoggerFactory>(), provider.GetServices<ILoggerProvider>())
        {
            Rephrase = text => KeyNames.In(provider.GetRequiredService<IOptions<IpsOptions>>().Value, text),
        });
        services.AddSingleton(_ => actors); // by a factory, so that the container disposes of it
        services.AddSingleton<IpsRuntime>();
        services.AddSingleton<IHostedService>(provider => IsActive(provider)
            ? ActivatorUtilities.CreateInstance<IpsHostService>(provider) : ActivatorUtilities.CreateInstance<InertHostService>(provider));
        AddLifetime(services);
        AddTransport(services);
        services.AddSingleton<IStartupFilter, FrontStartupFilter>();
        services.AddOptions<HostOptions>().PostConfigure<IServiceProvider>((host, provider) =>
        {
            if (!IsActive(provider)) return;
            var needed = provider.GetRequiredService<IOptions<IpsOptions>>().Value.Drain.Timeout + ShutdownMargin;
            host.ShutdownTimeout = host.ShutdownTimeout > needed ? host.ShutdownTimeout : needed;
        });
    }

    // The host asks for it while it is built, so a second host of the process fails there.
    [SupportedOSPlatform("linux")]
    private static void AddLifetime(IServiceCollection services)
    {
        var former = services.LastOrDefault(service => service is { ServiceType: var type, IsKeyedService: false }
            && type == typeof(IHostLifetime));
        services.AddSingleton<IHostLifetime>(provider =>
            IsActive(provider) ? ActivatorUtilities.CreateInstance<IpsHostLifetime>(provider) : CreateFormer(provider));

        IHostLifetime CreateFormer(IServiceProvider provider) => (IHostLifetime)(
            former?.ImplementationInstance ?? former?.ImplementationFactory?.Invoke(provider)
                ?? ActivatorUtilities.CreateInstance(provider, former?.ImplementationType ?? typeof(ConsoleLifetime)));
    }

    // Kestrel asks the last one first, and adds its own only where there is none.
    [SupportedOSPlatform("linux")]
    private static void AddTransport(IServiceCollection services)
    {
        services.TryAddSingleton<IConnectionListenerFactory, SocketTransportFactory>();
        services.AddSingleton(provider => new HandoverTransport(
            () => provider.GetRequiredService<IpsActorSystem>().Registry, provider.GetRequiredService<ConnectionRegistry>(),
            provider.GetRequiredService<HandoverConnectionFactory>()));
        services.AddSingleton<IConnectionListenerFactory>(provider => provider.GetRequiredService<HandoverTransport>());
    }

    private static GenerationRole CreateRole(IServiceProvider provider)
    {
        var generation = provider.GetRequiredService<GenerationContext>();
        return OperatingSystem.IsLinux() && IsActive(provider) ? CreateActiveRole(provider, generation)
            : new(generation, provider.GetRequiredService<ILogger<GenerationRole>>());
    }

    [SupportedOSPlatform("linux")]
    private static GenerationRole CreateActiveRole(IServiceProvider provider, GenerationContext generation)
    {
        var log = provider.GetRequiredService<ActorLoggers>().Create<GenerationRole>();
        return new(generation, log)
        {
            Listening = (endPoint, backlog, cancellationToken) => OwnListener.OpenAsync(
                provider.GetRequiredService<IpsActorSystem>().Registry, endPoint, backlog, log.TellAcceptFailure, cancellationToken),
        };
    }

    private static bool IsActive(IServiceProvider provider) => provider.GetRequiredService<HostClaim>().InertReason is null;
}
