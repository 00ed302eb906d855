using Ips.Actors.Control;

namespace Ips.Host.Dashboard;

/// <summary>A change that was seen: a generation has entered a state, or connections have gone from one to another.</summary>
/// <param name="At">When.</param>
/// <param name="Number">The generation; of connections that moved, the one that they went to.</param>
/// <param name="Pid">Its process.</param>
/// <param name="State">The state; <c>gone</c> when its process has ended; <c>moved</c> for connections.</param>
internal sealed record TraceItem(DateTimeOffset At, int Number, int Pid, string State)
{
    /// <summary>Its release, if it is known.</summary>
    public string? Release { get; init; }

    /// <summary>The generation that connections came from.</summary>
    public int? From { get; init; }

    /// <summary>How many connections have moved.</summary>
    public long? Moved { get; init; }

    /// <summary>Why: <c>reload</c> or <c>rollback</c>.</summary>
    public string? Why { get; init; }
}

/// <summary>Makes the time line out of snapshots: it outlives every process that sends them. Bounded.</summary>
internal sealed class DashboardTrace
{
    /// <summary>The most changes that are kept: those of about a hundred reloads.</summary>
    internal const int Most = 600;

    private const string Reload = "reload", Rollback = "rollback";

    private readonly List<TraceItem> _items = [];
    private readonly Dictionary<(int Number, int Pid), string> _states = [];
    private readonly Dictionary<string, long> _moved = [];

    /// <summary>What was seen, oldest first.</summary>
    internal IReadOnlyList<TraceItem> Items => _items;

    /// <summary>Takes a snapshot.</summary>
    /// <returns>What is new in it.</returns>
    internal IReadOnlyList<TraceItem> Observe(WatchSnapshot snapshot)
    {
        List<TraceItem> found = [];
        var alive = snapshot.Generations.Where(one => one is not null).ToList();
        foreach (var one in alive)
        {
            if (_states.TryGetValue((one.Number, one.Pid), out var known) && known == one.State) continue;
            _states[(one.Number, one.Pid)] = one.State;
            found.Add(new(snapshot.At, one.Number, one.Pid, one.State) { Release = one.Release });
        }

        foreach (var (number, pid) in _states.Keys.Except(alive.Select(one => (one.Number, one.Pid))).ToList())
        {
            _states.Remove((number, pid));
            found.Add(new(snapshot.At, number, pid, "gone"));
        }

        foreach (var why in (string[])[Reload, Rollback])
        {
            if (Moved(snapshot, why) is { } moved) found.Add(moved);
        }

        _items.AddRange(found);
        if (_items.Count > Most) _items.RemoveRange(0, _items.Count - Most);
        return found;
    }

    // The counts go from each main process to the next. A service that was started anew begins at 0 again.
    private TraceItem? Moved(WatchSnapshot snapshot, string why)
    {
        if (snapshot.Counts is not { } counts) return null;
        var now = counts.GetValueOrDefault($"moved/{why}");
        var more = _moved.TryGetValue(why, out var before) ? now - before : 0;
        _moved[why] = now;
        if (more <= 0) return null;
        var from = why == Reload
            ? snapshot.Generations.Where(one => one?.Number < snapshot.Generation).Select(one => one.Number)
                .DefaultIfEmpty(snapshot.Generation - 1).Max()
            : snapshot.Generation + 1;
        return new(snapshot.At, snapshot.Generation, snapshot.Pid, "moved") { From = from, Moved = more, Why = why };
    }
}
