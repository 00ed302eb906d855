namespace Ips.Testing.Load;

/// <summary>
/// A load of clients over raw sockets that never retry: what one of them cannot get is a failed request. Proves that a reload is invisible,
/// or shows what a client sees of it.
/// </summary>
/// <remarks>
/// <list type="bullet">
/// <item>A failed request is counted and recorded, its connection dropped, and the worker goes on with its next request on a new
/// connection.</item>
/// <item>A response with <c>Connection: close</c> is polite: the client leaves and connects again.</item>
/// <item>A connection closed between two requests, untold, is not a failure if the client knew before it asked again; it is counted as
/// closed idle.</item>
/// <item>On a kept connection a worker looks for a close before each request; a far one knows of it only <see cref="LoadOptions.FarDelay"/>
/// later.</item>
/// </list>
/// </remarks>
internal sealed class StrictLoad : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationTokenSource _abort = new();
    private readonly TaskCompletionSource _crashed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly LoadStatistics _statistics;
    private readonly Task _workers;
    private bool _disposed;

    private StrictLoad(LoadOptions options)
    {
        _statistics = new LoadStatistics(options);
        List<Task> workers = [];
        foreach (var kind in Enum.GetValues<WorkerKind>())
        {
            for (var number = 1; number <= options.WorkersOf(kind); number++)
            {
                var worker = new LoadWorker(kind, number, options, _statistics);
                workers.Add(Task.Run(() => WatchAsync(worker.RunAsync(_stop.Token, _abort.Token))));
            }
        }

        _workers = Task.WhenAll(workers);
    }

    /// <summary>Starts all workers.</summary>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public static StrictLoad Start(LoadOptions options)
    {
        options.Validate();
        return new StrictLoad(options);
    }

    /// <summary>What was seen so far.</summary>
    public LoadReport Snapshot() => _statistics.Snapshot();

    /// <summary>The clients that have begun a request and have not had its whole answer, by their TCP ports; none of a Unix socket are told
    /// apart.</summary>
    public IReadOnlySet<int> Asking() => _statistics.Asking();

    /// <summary>Waits until each kind of worker was answered, as it should be, <paramref name="count"/> times more than when this was
    /// called.</summary>
    /// <exception cref="TimeoutException">Not within <paramref name="timeout"/>; the message holds the report so far.</exception>
    public Task WaitForRequestsAsync(long count, TimeSpan timeout) =>
        WaitAsync(_statistics.WhenAnswered(count), $"{count} more responses for each kind of worker", timeout);

    /// <summary>Waits until each kind of worker was answered <paramref name="count"/> times by <paramref name="generation"/>, counted from
    /// the load's begin.</summary>
    /// <exception cref="TimeoutException">Not within <paramref name="timeout"/>; the message holds the report so far.</exception>
    public Task WaitForGenerationAsync(int generation, TimeSpan timeout, long count = 1) =>
        WaitAsync(_statistics.WhenAnsweredBy(generation, count), $"{count} responses of generation {generation} for each kind of worker",
            timeout);

    /// <summary>Waits until <paramref name="count"/> requests of each kind of worker have failed, counted from the load's begin.</summary>
    /// <exception cref="TimeoutException">Not within <paramref name="timeout"/>; the message holds the report so far.</exception>
    public Task WaitForFailuresAsync(long count, TimeSpan timeout) =>
        WaitAsync(_statistics.WhenFailed(count), $"{count} failed requests for each kind of worker", timeout);

    /// <summary>Stops gracefully: each worker finishes its current request and begins no other. May be called again.</summary>
    /// <returns>What was seen.</returns>
    /// <exception cref="System.Net.Sockets.SocketException">The client itself could not go on, for want of ports or file descriptors: the
    /// run proves nothing.</exception>
    public async Task<LoadReport> StopAsync()
    {
        await _stop.CancelAsync();
        await _workers;
        return Snapshot();
    }

    /// <summary>Ends the load at once, requests under way included. After <see cref="StopAsync"/> there is nothing left to end.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_disposed) return;
        _disposed = true;
        await _stop.CancelAsync();
        await _abort.CancelAsync();
        // Its errors were told by StopAsync and by the waits; here it only has to be over.
        await _workers.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
        _abort.Dispose();
    }

    private async Task WatchAsync(Task worker)
    {
        try
        {
            await worker;
        }
        catch (Exception e) when (!_abort.IsCancellationRequested)
        {
            _crashed.TrySetException(e);
            throw;
        }
    }

    private async Task WaitAsync(Task condition, string what, TimeSpan timeout)
    {
        try
        {
            await await Task.WhenAny(condition, _crashed.Task).WaitAsync(timeout);
        }
        catch (TimeoutException)
        {
            throw new TimeoutException($"The load waited {timeout.TotalSeconds:0.###} s for {what}.{Environment.NewLine}{Snapshot()}");
        }
    }
}
