using Ips.Actors.Diagnostics;
using Ips.Actors.HttpFront;
using Ips.Actors.Launch;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Ips.Actors.Hosting;

/// <summary>Tells, once in the life of a service, that the app's own hosted services run in two generations during a reload, if the app
/// seems not to know.</summary>
internal static class BackgroundJobs
{
    // Their services serve the host, or write what each generation has to say of itself.
    private static readonly string[] Harmless = ["Microsoft.", "System.", "Akka.", "OpenTelemetry.", "Serilog.", "Yarp."];

    /// <summary>Registers <see cref="IIpsGeneration"/>, and the look at the hosted services.</summary>
    public static void Add(IServiceCollection services)
    {
        services.AddSingleton<Asked>();
        services.AddSingleton<IIpsGeneration>(provider =>
        {
            provider.GetRequiredService<Asked>().Once = true; // Ips itself asks for GenerationRole
            return provider.GetRequiredService<GenerationRole>();
        });
        services.AddHostedService<Watch>();
    }

    /// <summary>The names of those that do work of the app.</summary>
    public static IReadOnlyList<string> Own(IEnumerable<IHostedService> services) =>
        [.. services.Select(service => service.GetType()).Where(type => !IsHarmless(type)).Select(type => type.Name).Distinct()];

    private static bool IsHarmless(Type type) => type.Assembly == typeof(BackgroundJobs).Assembly
        || Harmless.Any(name => $"{type.Assembly.GetName().Name}.".StartsWith(name, StringComparison.Ordinal));

    /// <summary>Whether somebody has asked for <see cref="IIpsGeneration"/>.</summary>
    internal sealed class Asked
    {
        private volatile bool _once;

        public bool Once
        {
            get => _once;
            set => _once = value;
        }
    }

    private sealed class Watch : IHostedService
    {
        private readonly IServiceProvider _services;

        public Watch(IHostApplicationLifetime lifetime, IServiceProvider services)
        {
            _services = services;
            lifetime.ApplicationStarted.Register(OnStarted);
        }

        public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        private void OnStarted()
        {
            if (_services.GetRequiredService<HostClaim>().InertReason is not null
                || _services.GetRequiredService<GenerationContext>() is { IsSuccessor: true } or { Orphaned: true }
                || _services.GetRequiredService<Asked>().Once) return;
            var hosted = _services.GetServices<IHostedService>().ToList();
            if (!hosted.Exists(service => service is IPrimaryService) && Own(hosted) is { Count: > 0 } own)
                _services.GetRequiredService<ActorLoggers>().Create(typeof(BackgroundJobs)).JobsRunTwice(string.Join(", ", own));
        }
    }
}

internal static partial class BackgroundJobsLog
{
    [LoggerMessage(EventIds.JobsRunTwice, LogLevel.Warning,
        "In a reload two generations run {Services}: AddIpsHostedService<T>(), see docs/app.md.")]
    public static partial void JobsRunTwice(this ILogger logger, string services);

    [LoggerMessage(EventIds.PrimaryServiceFailed, LogLevel.Error, "{Service}, a service of the primary generation, failed.")]
    public static partial void PrimaryServiceFailed(this ILogger logger, Exception exception, string service);

    [LoggerMessage(EventIds.PrimaryServiceStopsHost, LogLevel.Critical,
        "{Service} failed, so the host stops (HostOptions.BackgroundServiceExceptionBehavior).")]
    public static partial void PrimaryServiceStopsHost(this ILogger logger, string service);
}
