using Ips.Actors.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace Microsoft.Extensions.Hosting;

/// <summary>Registers what runs in one generation only.</summary>
public static class IpsServiceCollectionExtensions
{
    /// <summary>Adds a hosted service that runs in the primary generation only: instead of <c>AddHostedService</c>, for timers, queue
    /// consumers and the like that must not run twice while a reload has two generations running.</summary>
    /// <typeparam name="T">The service. A new one, in a scope of its own, is created each time this generation becomes primary, and
    /// disposed of when it has stopped.</typeparam>
    /// <param name="services">The app's services; the host needs <c>AddIps()</c> or <c>UseIps()</c>.</param>
    /// <returns>The same services.</returns>
    /// <remarks>
    /// It starts at <see cref="IIpsGeneration.OnPromoted"/>, and stops at <see cref="IIpsGeneration.OnDraining"/> or when the host stops.
    /// It has 10 s to stop; the successor is then promoted without waiting longer. After a rollback it starts again. If its start or its
    /// background work throws, the exception is logged, and the host stops if
    /// <see cref="HostOptions.BackgroundServiceExceptionBehavior"/> says so: it does by default. Where Ips does nothing, such as in tests
    /// and on Windows, the service runs from the host's start to its stop.
    /// </remarks>
    public static IServiceCollection AddIpsHostedService<T>(this IServiceCollection services) where T : class, IHostedService
    {
        ArgumentNullException.ThrowIfNull(services);
        return services.AddHostedService<PrimaryService<T>>();
    }
}
