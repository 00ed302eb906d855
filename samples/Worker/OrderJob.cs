namespace Worker;

/// <summary>Works on one order after the other. Each generation that becomes primary has a new one of these.</summary>
internal sealed class OrderJob(OrderFolder folder, IIpsGeneration generation, ILogger<OrderJob> log) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        log.LogInformation("Generation {Generation} works on orders.", generation.Number);
        try
        {
            using var timer = new PeriodicTimer(Interval);
            do
            {
                foreach (var id in folder.Waiting())
                {
                    // The next generation works only when this method has returned, and waits 10 s for that. So the order in hand is
                    // finished, which must take less, and the next one is left to the next generation.
                    if (stoppingToken.IsCancellationRequested) return;
                    await WorkAsync(id);
                }
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Nothing was in hand.
        }
        finally
        {
            log.LogInformation("Generation {Generation} works on no further order.", generation.Number);
        }
    }

    private async Task WorkAsync(string id)
    {
        await Task.Delay(10, CancellationToken.None); // what takes time: a payment, a mail
        folder.Finish(id, $"generation {generation.Number}");
    }
}
