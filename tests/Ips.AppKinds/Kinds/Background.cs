namespace Ips.AppKinds.Kinds;

/// <summary>A web app with a <c>BackgroundService</c>.</summary>
internal static class Background
{
    public static Task RunAsync(string[] args, bool line)
    {
        var builder = WebApplication.CreateBuilder(args);
        if (line) builder.AddIps();
        builder.Services.AddSingleton<Ticker>();
        builder.Services.AddHostedService(services => services.GetRequiredService<Ticker>());
        var app = builder.Build();
        app.MapCommon();
        app.MapGet("/kind", async (Ticker ticker) =>
        {
            await ticker.Ticked;
            return "ticks";
        });
        return app.RunAsync();
    }
}

/// <summary>Works now and then.</summary>
internal sealed class Ticker : BackgroundService
{
    private readonly TaskCompletionSource _ticked = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task Ticked => _ticked.Task;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (await timer.WaitForNextTickAsync(stoppingToken)) _ticked.TrySetResult();
    }
}
