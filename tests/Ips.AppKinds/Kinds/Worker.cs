namespace Ips.AppKinds.Kinds;

/// <summary>A worker without a web server.</summary>
internal static class Worker
{
    public static Task RunAsync(string[] args, bool line)
    {
        var builder = Host.CreateApplicationBuilder(args);
        if (line) builder.AddIps();
        builder.Services.AddHostedService<WorkerService>();
        return builder.Build().RunAsync();
    }
}

/// <summary>Says on stdout that it works.</summary>
internal sealed class WorkerService(IServiceProvider services, IHostApplicationLifetime lifetime) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var registration = lifetime.ApplicationStarted.Register(started.SetResult);
        await started.Task.WaitAsync(stoppingToken);
        if (services.GetService<IIpsGeneration>() is { } generation) Console.WriteLine(CommonEndpoints.Describe(generation));
        Console.WriteLine("works");
        await Task.Delay(Timeout.Infinite, stoppingToken);
    }
}
