using System.Collections.Concurrent;
using Ips.Testing.Load;

namespace Ips.Testing.Http2;

/// <summary>Clients over HTTP/2 that never retry. On a GOAWAY a client opens no more streams, waits for those that run and for the
/// connection's end, and connects again.</summary>
internal sealed class H2Load : IAsyncDisposable
{
    private const int RecordedFailuresMax = 20;

    private readonly H2Options _options;
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentQueue<string> _failures = new();
    private readonly Task _clients;
    private long _responses;
    private long _failed;
    private int _connections, _announced, _closedUntold, _resets;

    private H2Load(H2Options options)
    {
        _options = options;
        List<Task> clients = [];
        for (var i = 0; i < options.BusyClients; i++) clients
            .Add(RunAsync(options.Path, TimeSpan.FromMilliseconds(2), TimeSpan.FromMilliseconds(4)));
        for (var i = 0; i < options.IdleClients; i++) clients
            .Add(RunAsync(options.Path, TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(2)));
        if (options.SlowPath is { } slow) clients.Add(RunAsync(slow, TimeSpan.Zero, TimeSpan.FromMilliseconds(50)));
        _clients = Task.WhenAll(clients);
    }

    /// <summary>Whole responses so far.</summary>
    public long Responses => Interlocked.Read(ref _responses);

    /// <summary>Starts all clients.</summary>
    public static H2Load Start(H2Options options) => new(options);

    /// <summary>Lets each client finish what it asked, and tells what was seen.</summary>
    public async Task<H2Report> StopAsync()
    {
        await _stop.CancelAsync();
        await _clients;
        return new H2Report(Responses, Interlocked.Read(ref _failed), _connections, _announced, _closedUntold, _resets,
            [.. _failures.Take(RecordedFailuresMax)]);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _clients.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task RunAsync(string path, TimeSpan shortest, TimeSpan longest)
    {
        while (!_stop.IsCancellationRequested)
        {
            H2Connection connection;
            try
            {
                connection = await H2Connection.OpenAsync(_options.Target, _options.Timeout, _options.GoAwayDelay);
            }
            catch (LoadFaultException fault)
            {
                Fail($"connect: {fault.Message}");
                await Pause.ForAsync(TimeSpan.FromMilliseconds(20), _stop.Token);
                continue;
            }

            Interlocked.Increment(ref _connections);
            await using (connection)
            {
                await Task.WhenAll(Enumerable.Range(0, _options.Streams).Select(_ => AskAsync(connection, path, shortest, longest)));
                // A client that leaves by itself does not wait to be told.
                if (_stop.IsCancellationRequested && connection.GoAways.IsEmpty) return;
                await WatchEndAsync(connection);
            }
        }
    }

    private async Task AskAsync(H2Connection connection, string path, TimeSpan shortest, TimeSpan longest)
    {
        while (!_stop.IsCancellationRequested && connection.MayOpen)
        {
            try
            {
                if (await connection.GetAsync(path) is null) return;
                Interlocked.Increment(ref _responses);
            }
            catch (LoadFaultException fault)
            {
                Fail($"{path}: {fault.Kind}: {fault.Message}");
                return;
            }

            await Pause.ForAsync(shortest + (Random.Shared.NextDouble() * (longest - shortest)), _stop.Token);
        }
    }

    private async Task WatchEndAsync(H2Connection connection)
    {
        try
        {
            await connection.Ended.WaitAsync(_options.Timeout);
        }
        catch (TimeoutException)
        {
            Fail($"the connection was told to close and is open after {_options.Timeout.TotalSeconds:0} s");
        }

        if (connection.WasReset) Interlocked.Increment(ref _resets);
        if (connection.GoAways.IsEmpty) Interlocked.Increment(ref _closedUntold);
        else if (connection.GoAways.Count > 1 && connection.GoAways.First() == int.MaxValue) Interlocked.Increment(ref _announced);
    }

    private void Fail(string what)
    {
        Interlocked.Increment(ref _failed);
        if (_failures.Count < RecordedFailuresMax) _failures.Enqueue(what);
    }
}
