using Ips.Actors.Configuration;
using Ips.Actors.Handover;

namespace Ips.Actors.Lifecycle;

/// <summary>How room is made for one more generation.</summary>
/// <param name="TooMany">How many must end first; 0 if one more may be started.</param>
/// <param name="ToAbort">Those to abort if they do not end by themselves, oldest first.</param>
/// <param name="Refusal">Why no generation may be started; null if one may.</param>
internal sealed record RoomPlan(int TooMany, IReadOnlyList<GenerationEntry> ToAbort, string? Refusal);

/// <summary>Keeps draining generations from piling up. Pure.</summary>
internal static class GenerationRoom
{
    /// <summary>Decides what must happen before a successor may be started.</summary>
    /// <param name="older">The generations that still drain, oldest first.</param>
    /// <param name="own">This generation.</param>
    /// <param name="dryRun">The successor is only to be checked: nothing is aborted for it.</param>
    /// <param name="options">The limit, and what to do at it.</param>
    public static RoomPlan Plan(IReadOnlyList<GenerationEntry> older, int own, bool dryRun, ReloadOptions options)
    {
        var tooMany = older.Count + 2 - options.MaxGenerations; // with this one and the successor
        if (tooMany <= 0)
        {
            return new RoomPlan(0, [], null);
        }

        if (options.WhenFull == WhenFull.AbortOldest && !dryRun)
        {
            return new RoomPlan(tooMany, [.. older.OrderBy(entry => entry.Generation).Take(tooMany)], null);
        }

        var draining = string.Join(", ", older.Select(entry => $"{entry.Generation} (PID {entry.Pid})"));
        return new RoomPlan(tooMany, [],
            $"generation {own} serves and {draining} still drain: ips.reload.max-generations = {options.MaxGenerations} allows no "
            + "further one"
            + (dryRun ? ", and nothing is aborted for a check" : " (ips.reload.when-full = abort-oldest would abort the oldest)"));
    }
}
