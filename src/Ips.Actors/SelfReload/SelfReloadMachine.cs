using System.Collections.Immutable;
using System.Globalization;
using Ips.Actors.Configuration;

namespace Ips.Actors.SelfReload;

/// <summary>What can make a service reload by itself.</summary>
internal enum SelfReloadCause
{
    /// <summary>The release in place is another one.</summary>
    Release,

    /// <summary>The .NET runtime on disk is another one.</summary>
    Runtime,

    /// <summary>The process is old.</summary>
    Age,

    /// <summary>The process uses much memory.</summary>
    Memory,
}

/// <summary>When to reload.</summary>
/// <param name="Release">If the release in place changes.</param>
/// <param name="Runtime">If the runtime on disk changes.</param>
/// <param name="Interval">The least time between two reloads, and the most by which one is put off at random.</param>
/// <param name="Every">At this age of the process; 0 for at none.</param>
/// <param name="MaxMemoryBytes">Above this resident memory; 0 for never.</param>
internal sealed record SelfReloadRules(bool Release, bool Runtime, TimeSpan Interval, TimeSpan Every, long MaxMemoryBytes)
{
    /// <summary>As configured; null if nothing is watched.</summary>
    public static SelfReloadRules? Of(ReloadOptions options) =>
        options is { Watch.Count: 0, Every.Ticks: 0, MaxMemory: 0 } ? null
            : new(options.Watch.Contains("release"), options.Watch.Contains("runtime"), options.WatchInterval, options.Every,
                options.MaxMemory);
}

/// <summary>Something on disk that differs from what runs.</summary>
/// <param name="Key">Tells one change from the next.</param>
/// <param name="What">The change, for a person.</param>
internal sealed record DiskChange(string Key, string What);

/// <summary>What was seen at one moment.</summary>
/// <param name="At">Time since the process started.</param>
/// <param name="CanReload">It is the main process, no reload is under way or waits, and it is not paused.</param>
internal sealed record SelfReloadFacts(TimeSpan At, bool CanReload)
{
    /// <summary>The release in place; null if it is the one that runs.</summary>
    public DiskChange? Release { get; init; }

    /// <summary>The runtime on disk; null if it is the one that runs.</summary>
    public DiskChange? Runtime { get; init; }

    /// <summary>Resident memory, in bytes.</summary>
    public long MemoryBytes { get; init; }

    /// <summary>Memory that the machine and the control group have left, in bytes.</summary>
    public long RoomBytes { get; init; } = long.MaxValue;
}

/// <summary>What to do.</summary>
internal abstract record SelfReloadOrder
{
    /// <summary>Reload now.</summary>
    public sealed record Reload(SelfReloadCause Cause, string Why) : SelfReloadOrder;

    /// <summary>Say that the process is too large, and that there is no room for a second one.</summary>
    public sealed record WarnOfMemory(long MemoryBytes, long RoomBytes) : SelfReloadOrder;
}

/// <summary>Decides when a service reloads by itself. Pure: it is fed what was seen, and a random number. A cause that was tried is not
/// tried again until its key changes, so a release that does not start is started once.</summary>
internal sealed record SelfReloadMachine
{
    private static readonly TimeSpan s_again = TimeSpan.FromHours(1);

    private readonly ImmutableDictionary<SelfReloadCause, (string Key, TimeSpan Due)> _seen =
        ImmutableDictionary<SelfReloadCause, (string, TimeSpan)>.Empty;

    private readonly ImmutableDictionary<SelfReloadCause, string> _tried = ImmutableDictionary<SelfReloadCause, string>.Empty;
    private readonly TimeSpan? _last;
    private readonly string? _warned;

    /// <summary>How many times its memory must be free before a process of this size starts a second one.</summary>
    internal const double RoomFactor = 1.5;

    private SelfReloadMachine(
        ImmutableDictionary<SelfReloadCause, (string, TimeSpan)> seen, ImmutableDictionary<SelfReloadCause, string> tried,
        TimeSpan? last, string? warned) => (_seen, _tried, _last, _warned) = (seen, tried, last, warned);

    /// <summary>Nothing was seen yet.</summary>
    public SelfReloadMachine()
    {
    }

    /// <summary>The next state, and what to do.</summary>
    /// <param name="rules">When to reload.</param>
    /// <param name="facts">What was seen.</param>
    /// <param name="random">From 0 to 1: machines that see a change at the same time do not all reload at once.</param>
    public (SelfReloadMachine Next, SelfReloadOrder? Order) Look(SelfReloadRules rules, SelfReloadFacts facts, double random)
    {
        var causes = Causes(rules, facts).ToList();
        var seen = ImmutableDictionary<SelfReloadCause, (string Key, TimeSpan Due)>.Empty;
        foreach (var (cause, change) in causes)
        {
            var due = _seen.TryGetValue(cause, out var known) ? known.Due : facts.At + (random * rules.Interval);
            seen = seen.Add(cause, (change.Key, due));
        }

        var (warned, warning) = (_warned, (SelfReloadOrder?)null);
        foreach (var (cause, change) in causes)
        {
            if (_tried.GetValueOrDefault(cause) == change.Key || seen[cause].Due > facts.At) continue;
            if (cause is SelfReloadCause.Memory && facts.RoomBytes < RoomFactor * facts.MemoryBytes)
            {
                if (warned != change.Key) warning = new SelfReloadOrder.WarnOfMemory(facts.MemoryBytes, facts.RoomBytes);
                warned = change.Key;
                continue;
            }

            if (!facts.CanReload || (_last is { } last && facts.At - last < rules.Interval)) continue;
            return (new(seen, _tried.SetItem(cause, change.Key), facts.At, warned), new SelfReloadOrder.Reload(cause, change.What));
        }

        return (new(seen, _tried, _last, warned), warning);
    }

    // What a failed reload is tried again for at its time has that time in its key.
    private static IEnumerable<(SelfReloadCause Cause, DiskChange Change)> Causes(SelfReloadRules rules, SelfReloadFacts facts)
    {
        if (rules.Release && facts.Release is { } release) yield return (SelfReloadCause.Release, release);
        if (rules.Runtime && facts.Runtime is { } runtime) yield return (SelfReloadCause.Runtime, runtime);
        if (rules.Every > TimeSpan.Zero && facts.At >= rules.Every)
        {
            yield return (SelfReloadCause.Age, new(Count(facts.At / rules.Every),
                $"the process is older than {DurationText.Format(rules.Every)} (ips.reload.every)"));
        }

        if (rules.MaxMemoryBytes > 0 && facts.MemoryBytes > rules.MaxMemoryBytes)
        {
            yield return (SelfReloadCause.Memory, new(Count(facts.At / s_again), string.Create(CultureInfo.InvariantCulture,
                $"the process uses {facts.MemoryBytes >> 20} MiB, more than {SizeText.Format(rules.MaxMemoryBytes)}")
                + " (ips.reload.max-memory)"));
        }
    }

    private static string Count(double times) => Math.Floor(times).ToString(CultureInfo.InvariantCulture);
}
