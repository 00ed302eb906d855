using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Ips.Actors.Hosting;

/// <summary>Instead of the default <c>ConsoleLifetime</c>: SignalActor receives the signals. The log has the same lines, as people and
/// programs wait for them.</summary>
internal sealed class IpsHostLifetime(
    IHostApplicationLifetime lifetime, IHostEnvironment environment, IOptions<ConsoleLifetimeOptions> options, ILoggerFactory loggers)
    : IHostLifetime
{
    private const string Category = "Microsoft.Hosting.Lifetime";

    public Task WaitForStartAsync(CancellationToken cancellationToken)
    {
        if (!options.Value.SuppressStatusMessages)
        {
            var log = loggers.CreateLogger(Category);
#pragma warning disable CA1848, CA1873 // ConsoleLifetime's own events, which have no id of ours
            lifetime.ApplicationStarted.Register(() =>
            {
                log.LogInformation("Application started. Press Ctrl+C to shut down.");
                log.LogInformation("Hosting environment: {EnvName}", environment.EnvironmentName);
                log.LogInformation("Content root path: {ContentRoot}", environment.ContentRootPath);
            });
            lifetime.ApplicationStopping.Register(() => log.LogInformation("Application is shutting down..."));
#pragma warning restore CA1848, CA1873
        }

        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
