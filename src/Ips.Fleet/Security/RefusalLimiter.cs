namespace Ips.Fleet.Security;

/// <summary>Lets a few lines of one kind through in each window of time, and counts the others: a stranger who knocks must not fill the
/// disk. Pure.</summary>
/// <param name="Since">When the window began.</param>
/// <param name="Shown">Lines that were let through in it.</param>
/// <param name="Hidden">Lines that were not, and that are not logged yet.</param>
internal readonly record struct RefusalLimiter(DateTimeOffset Since, int Shown, long Hidden)
{
    /// <summary>Lines that are shown in a window.</summary>
    public const int Burst = 5;

    /// <summary>The length of a window.</summary>
    public static TimeSpan Window { get; } = TimeSpan.FromMinutes(1);

    /// <summary>A line comes.</summary>
    /// <returns>What follows; whether the line is shown; how many hidden lines to report first.</returns>
    public (RefusalLimiter Next, bool Shows, long Tell) Take(DateTimeOffset now)
    {
        var (next, tell) = Turn(now);
        return next.Shown < Burst ? (next with { Shown = next.Shown + 1 }, true, tell)
            : (next with { Hidden = next.Hidden + 1 }, false, tell);
    }

    /// <summary>Time passes.</summary>
    /// <returns>What follows; how many hidden lines to report.</returns>
    public (RefusalLimiter Next, long Tell) Turn(DateTimeOffset now)
    {
        // A clock that was set back begins a window as well, so that nothing stays hidden for long.
        if (now >= Since && now - Since < Window) return (this, 0);
        return (new RefusalLimiter(now, 0, 0), Hidden);
    }
}
