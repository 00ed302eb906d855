using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Ips.Actors.HttpFront;

/// <summary>The app's health checks, run by a service that logs nothing: Ips runs them many times in a reload, and says itself once what
/// fails. The app's own service logs each failure of each run.</summary>
internal static class QuietHealthChecks
{
    /// <summary>Makes the service.</summary>
    /// <param name="app">The app's container.</param>
    /// <returns>Null if the app has no health checks; the app's own service if it is none of the framework's.</returns>
    public static HealthCheckService? Of(IServiceProvider app)
    {
        if (app.GetService<HealthCheckService>() is not { } own) return null;
        if (own.GetType().Assembly != typeof(HealthCheckService).Assembly) return own;
        var services = new ServiceCollection();
        services.AddSingleton<ILoggerFactory>(NullLoggerFactory.Instance);
        services.AddSingleton(typeof(ILogger<>), typeof(NullLogger<>));
        services.AddScoped(_ => new AppScope(app.CreateAsyncScope()));
        services.AddHealthChecks();
        services.Configure<HealthCheckServiceOptions>(options =>
        {
            foreach (var check in app.GetRequiredService<IOptions<HealthCheckServiceOptions>>().Value.Registrations)
            {
                options.Registrations.Add(new HealthCheckRegistration(
                    check.Name, scope => check.Factory(scope.GetRequiredService<AppScope>().Services), check.FailureStatus,
                    check.Tags, check.Timeout));
            }
        });
        return services.BuildServiceProvider().GetRequiredService<HealthCheckService>();
    }

    // The checks of one run share a scope of the app, as in its own service.
    private sealed class AppScope(AsyncServiceScope scope) : IAsyncDisposable
    {
        public IServiceProvider Services => scope.ServiceProvider;

        public ValueTask DisposeAsync() => scope.DisposeAsync();
    }
}
