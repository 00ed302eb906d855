using System.Diagnostics;
using System.Globalization;
using Ips.Testing;

namespace Ips.Host.ProcessTests.Harness;

/// <summary>Clients that ask <c>/work0</c> to <c>/work19</c> at a given rate, whatever comes back, and never retry. Half of the requests go
/// over connections that stay, each other one over a connection of its own. One client in ten is an old one, and says so.</summary>
internal sealed class PacedClients : IAsyncDisposable
{
    private static readonly TimeSpan s_tick = TimeSpan.FromMilliseconds(10);

    private readonly CancellationTokenSource _stop = new();
    private readonly List<Kept> _kept = [];
    private readonly HashSet<RawClient> _open = [];
    private readonly Random _random = new(4711);
    private readonly int _port;
    private readonly double _perSecond;
    private readonly Task _run;
    private Counts _counts = new(0, 0, 0, 0);
    private long _sent;

    /// <param name="port">Of the service, on 127.0.0.1.</param>
    /// <param name="perSecond">Requests a second.</param>
    public PacedClients(int port, int perSecond)
    {
        (_port, _perSecond) = (port, perSecond);
        for (var client = 0; client < (perSecond < 20 ? 20 : 60); client++) _kept.Add(new Kept(client % 10 == 0));
        _run = Task.Run(RunAsync);
    }

    /// <summary>What they have seen.</summary>
    /// <param name="Requests">Requests that were sent.</param>
    /// <param name="Failed">Answered with a status of 500 or more.</param>
    /// <param name="Broken">Connections that ended before the answer.</param>
    /// <param name="Unanswered">Requests that wait for their answer now.</param>
    public sealed record Counts(long Requests, long Failed, long Broken, long Unanswered)
    {
        /// <summary>What came since.</summary>
        public Counts Since(Counts earlier) => this with
        {
            Requests = Requests - earlier.Requests,
            Failed = Failed - earlier.Failed,
            Broken = Broken - earlier.Broken,
        };
    }

    /// <summary>As of now.</summary>
    public Counts Now()
    {
        lock (_open) return _counts;
    }

    /// <summary>Stops; what is unanswered is given up.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _run.WaitAsync(Limits.Step);
        lock (_open)
        {
            foreach (var client in _open) client.Dispose();
            foreach (var kept in _kept) kept.Client?.Dispose();
        }

        _stop.Dispose();
    }

    // At the times that the rate gives, however late a tick is.
    private async Task RunAsync()
    {
        using var timer = new PeriodicTimer(s_tick);
        var began = Stopwatch.GetTimestamp();
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token))
            {
                for (var due = Stopwatch.GetElapsedTime(began).TotalSeconds * _perSecond; _sent < due; _sent++)
                {
                    var kept = _sent % 2 == 0 ? _kept[(int)(_sent / 2 % _kept.Count)] : new Kept(_sent / 2 % 10 == 0);
                    _ = AskAsync(kept, stays: _sent % 2 == 0, _random.Next(20)); // counts its own failures
                }
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // stopped
        }
    }

    private async Task AskAsync(Kept kept, bool stays, int route)
    {
        if (Interlocked.Exchange(ref kept.Busy, 1) == 1) return; // it waits for its answer
        Count(counts => counts with { Requests = counts.Requests + 1, Unanswered = counts.Unanswered + 1 });
        var (failed, broken) = (false, false);
        try
        {
            if (kept.Client is null)
            {
                kept.Client = await RawClient.ConnectAsync(_port);
                lock (_open) _open.Add(kept.Client);
            }

            var close = stays ? "" : "Connection: close\r\n";
            await kept.Client.SendAsync(string.Create(CultureInfo.InvariantCulture,
                $"GET /work{route} HTTP/1.1\r\nHost: localhost\r\n{(kept.IsOld ? "X-Old-Client: 1\r\n" : "")}{close}\r\n"));
            var answer = await kept.Client.ReceiveAsync();
            (failed, broken) = (answer?.Status >= 500, answer is null);
        }
        catch (Exception e) when (e is IOException or System.Net.Sockets.SocketException or ObjectDisposedException or TimeoutException)
        {
            broken = !_stop.IsCancellationRequested;
        }

        Count(counts => counts with
        {
            Failed = counts.Failed + (failed ? 1 : 0),
            Broken = counts.Broken + (broken ? 1 : 0),
            Unanswered = counts.Unanswered - 1,
        });
        if (!stays || broken)
        {
            lock (_open) _open.Remove(kept.Client!);
            kept.Client?.Dispose();
            kept.Client = null;
        }

        Volatile.Write(ref kept.Busy, 0);
    }

    private void Count(Func<Counts, Counts> change)
    {
        lock (_open) _counts = change(_counts);
    }

    private sealed class Kept(bool isOld)
    {
        public int Busy;

        public bool IsOld { get; } = isOld;

        public RawClient? Client { get; set; }
    }
}
