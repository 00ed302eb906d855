using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Ips.AppKinds.Kinds;

/// <summary>Health checks, one of which passes only some time after the start: the sample of the official documentation.</summary>
internal static class HealthChecks
{
    public static Task RunAsync(string[] args, bool line)
    {
        var builder = WebApplication.CreateBuilder(args);
        if (line) builder.AddIps();
        builder.Services.AddHostedService<StartupBackgroundService>();
        builder.Services.AddSingleton<StartupHealthCheck>();
        builder.Services.AddHealthChecks().AddCheck<StartupHealthCheck>("Startup", tags: ["ready"]);
        var app = builder.Build();
        app.MapCommon();
        app.MapHealthChecks("/app/health");
        app.MapGet("/kind", async (StartupHealthCheck check, HealthCheckService checks) =>
        {
            await check.Completed;
            return (await checks.CheckHealthAsync()).Status.ToString();
        });
        return app.RunAsync();
    }
}

/// <summary>Passes once the long start is over.</summary>
internal sealed class StartupHealthCheck : IHealthCheck
{
    private readonly TaskCompletionSource _completed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task Completed => _completed.Task;

    public void Complete() => _completed.TrySetResult();

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(Completed.IsCompleted ? HealthCheckResult.Healthy("The startup task has completed.")
            : HealthCheckResult.Unhealthy("That startup task is still running."));
}

/// <summary>The long start.</summary>
internal sealed class StartupBackgroundService(StartupHealthCheck check, IConfiguration configuration) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Delay(TimeSpan.FromMilliseconds(configuration.GetValue("start-takes-ms", 500)), stoppingToken);
        check.Complete();
    }
}
