using System.Globalization;
using Ips.Actors.Control;
using Ips.Actors.Lifecycle;

namespace Ips.Host.Dashboard;

/// <summary>Watches one service over its control socket, by one connection for all pages, and passes on what it says. It goes from each
/// main process to the next.</summary>
/// <param name="service">The service's number on the page.</param>
/// <param name="socketPath">Its control socket.</param>
/// <param name="streams">The pages.</param>
/// <param name="time">The clock.</param>
internal sealed class DashboardFeed(int service, string socketPath, DashboardStreams streams, TimeProvider time)
{
    /// <summary>Receipts on the page.</summary>
    internal const int MostReceipts = 50;

    private const string WatchVerb = "watch";
    private const double IntervalMs = 500;

    private static readonly TimeSpan Soon = TimeSpan.FromMilliseconds(100), Later = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(10), StallLimit = TimeSpan.FromSeconds(15);

    /// <summary>How long a service may be without a main process before it is held to have stopped: one that hands over is followed by
    /// another at once, one that crashed within seconds. Default 5 s.</summary>
    internal TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(5);

    private readonly DashboardTrace _trace = new();
    private readonly Dictionary<string, IReadOnlyList<string>> _outputs = [];
    private long _heard = time.GetTimestamp();
    private string? _historyKey;
    private PageLink? _link;

    /// <summary>Watches until it is cancelled.</summary>
    internal async Task RunAsync(CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                if (!await WatchAsync(cancellation)) await PollAsync(cancellation);
                Link("waiting", "The main process has handed over or ended; looking for the next one.");
            }
            catch (ControlException e)
            {
                Lost(e);
            }
            catch (OperationCanceledException)
            {
                if (cancellation.IsCancellationRequested) return;
                Link("failed", $"The main process has said nothing for {StallLimit.TotalSeconds:0} s; it may hang.");
            }

            try
            {
                await Task.Delay(time.GetElapsedTime(_heard) < Patience ? Soon : Later, time, cancellation);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private void Lost(ControlException e)
    {
        var gone = e.Failure is ControlFailure.SocketMissing or ControlFailure.NobodyListens or ControlFailure.DaemonGone;
        if (gone && time.GetElapsedTime(_heard) < Patience)
            Link("waiting", "The main process has ended; looking for the next one.");
        else if (gone) Link("stopped", "The service has stopped: nobody listens on its control socket.");
        else Link("failed", e.Message);
    }

    // False if the release does not know the verb.
    private async Task<bool> WatchAsync(CancellationToken cancellation)
    {
        using var stall = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        stall.CancelAfter(StallLimit);
        var client = new ControlClient(socketPath, time)
        {
            FirstEventTimeout = AnswerLimit, Timeout = TimeSpan.FromDays(1), DaemonSetsTimeout = false,
        };
        await foreach (var said in client.AskAsync(new(ControlVerb.Watch) { IntervalMs = IntervalMs }, stall.Token))
        {
            stall.CancelAfter(StallLimit);
            if (said.Watch is { Generations: not null } snapshot)
            {
                _heard = time.GetTimestamp();
                Link("live", "Live.");
                await TakeAsync(snapshot, cancellation);
            }
            else if (said is { Kind: "error", Final: true })
            {
                if (said.Message?.Contains($"'{WatchVerb}'", StringComparison.Ordinal) is true) return false;
                throw new ControlException(ControlFailure.Garbled, said.Message ?? "The daemon refused to be watched, and gave no reason.");
            }
        }

        return true;
    }

    // A release before the verb: what it says of itself, once a second, until another process answers.
    private async Task PollAsync(CancellationToken cancellation)
    {
        int? pid = null;
        while (true)
        {
            var said = await AskAsync(ControlVerb.Status, cancellation);
            if (said.Status is not { } status)
                throw new ControlException(ControlFailure.Garbled, said.Message ?? "The daemon answered without a status.");
            if (pid is not null && pid != status.Pid) return;
            pid = status.Pid;
            _heard = time.GetTimestamp();
            Link("polling", "The running release cannot be watched: rates, latency and drains need a newer one. Shown is 'ips status', "
                + "once a second.");
            await TakeAsync(StatusSnapshot.Of(status, time.GetUtcNow()), cancellation);
            await Task.Delay(Later, time, cancellation);
        }
    }

    private async Task TakeAsync(WatchSnapshot snapshot, CancellationToken cancellation)
    {
        var key = string.Create(CultureInfo.InvariantCulture,
            $"{snapshot.Pid} {snapshot.LastReceipt?.StartedAt:O} {snapshot.LastReceipt?.Outcome} {snapshot.LastReceipt?.Drain}");
        if (key != _historyKey)
        {
            History(await AskAsync(ControlVerb.History, cancellation));
            _historyKey = key;
        }

        if (_trace.Observe(snapshot) is { Count: > 0 } fresh)
        {
            streams.Publish(DashboardJson.Event("trace", new PageTrace(service, false, fresh)), $"trace {service}",
                DashboardJson.Event("trace", new PageTrace(service, true, _trace.Items)));
        }

        streams.Publish(DashboardJson.Said("snapshot", service, snapshot with { LastReceipt = null }), $"snapshot {service}");
    }

    private void History(ControlEvent said)
    {
        if (said.History is not { } history) return;
        IReadOnlyList<ReloadReceipt> newest = [.. history.TakeLast(MostReceipts).Select(WithOutput)];
        foreach (var old in _outputs.Keys.Except(newest.Select(Key)).ToList()) _outputs.Remove(old);
        streams.Publish(DashboardJson.Said("history", service, new ControlEvent("history") { History = newest }), $"history {service}");
    }

    // A service keeps the last lines of its newest failure only; the page keeps those that it saw.
    private ReloadReceipt WithOutput(ReloadReceipt receipt)
    {
        if (receipt.Output is { Count: > 0 } output) _outputs[Key(receipt)] = output;
        return receipt with { Output = _outputs.GetValueOrDefault(Key(receipt)) };
    }

    private static string Key(ReloadReceipt receipt) =>
        string.Create(CultureInfo.InvariantCulture, $"{receipt.StartedAt:O} {receipt.NewGeneration} {receipt.NewPid}");

    private Task<ControlEvent> AskAsync(ControlVerb verb, CancellationToken cancellation) =>
        new ControlClient(socketPath, time) { FirstEventTimeout = AnswerLimit, Timeout = AnswerLimit }
            .AskLastAsync(new(verb), cancellation: cancellation);

    private void Link(string state, string message)
    {
        var link = new PageLink(service, state, message);
        if (link == _link) return;
        _link = link;
        streams.Publish(DashboardJson.Event("link", link), $"link {service}");
    }
}

/// <summary>What <c>ips status</c> says, as a snapshot that knows less. Pure.</summary>
internal static class StatusSnapshot
{
    /// <summary>The snapshot.</summary>
    /// <param name="status">The status.</param>
    /// <param name="at">When it came.</param>
    internal static WatchSnapshot Of(DaemonStatus status, DateTimeOffset at) => new(
        at, status.Pid, status.Generation, status.State, status.Release, status.StartedAt, [Own(status), .. Successor(status)])
    {
        Phase = status.Phase, Paused = status.Paused, Pending = status.Pending, LastReceipt = status.LastReload,
    };

    private static WatchedGeneration Own(DaemonStatus status) => new(status.Generation, status.Pid, status.State switch
    {
        "Starting" or "Joining" => "starting",
        "LameDuck" or "Draining" or "Exiting" => "draining",
        _ => "serving",
    })
    {
        Release = status.Release, Connections = status.OpenConnections, RunningRequests = status.RunningRequests,
    };

    private static IEnumerable<WatchedGeneration> Successor(DaemonStatus status)
    {
        if (status.SuccessorPid is not { } pid) yield break;
        yield return new(status.Generation + 1, pid, status.SuccessorState switch
        {
            "on probation" or "being promoted" => "probation",
            "ready" => "ready",
            "ending" => "draining",
            _ => "starting",
        });
    }
}
