using Ips.Actors.Posix;

namespace Ips.Host.Cli;

/// <summary>Watches a process that is not our child, by its PID and start time, so that another process which got the same PID is not taken
/// for it.</summary>
internal sealed class ProcessWatch
{
    private const double TicksPerSecond = 100; // USER_HZ, the same on all architectures that .NET runs on

    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(20);

    private readonly int _pid;
    private readonly long _startTicks;

    private ProcessWatch(int pid, long startTicks) => (_pid, _startTicks) = (pid, startTicks);

    /// <summary>Begins to watch.</summary>
    /// <returns>Null if no such process runs, or it is in another PID namespace.</returns>
    internal static ProcessWatch? TryOpen(int pid) => ProcStat.Of(pid) is { HasEnded: false } now ? new(pid, now.StartTicks) : null;

    /// <summary>Whether it still runs. A zombie has ended.</summary>
    internal bool Runs => ProcStat.Of(_pid) is { HasEnded: false } now && now.StartTicks == _startTicks;

    /// <summary>Waits for its end.</summary>
    /// <returns>Whether it ended within the limit.</returns>
    internal async Task<bool> WaitForEndAsync(TimeSpan limit, TimeProvider time, CancellationToken cancellation)
    {
        var start = time.GetTimestamp();
        while (Runs)
        {
            if (time.GetElapsedTime(start) >= limit) return false;
            await Task.Delay(PollInterval, time, cancellation);
        }
        return true;
    }

    /// <summary>When a process started, by the system's clock; null if there is none.</summary>
    internal static DateTimeOffset? StartTime(int pid) => ProcStat.Of(pid) is { HasEnded: false } now
        ? DateTimeOffset.UtcNow - TimeSpan.FromMilliseconds(Environment.TickCount64) + TimeSpan.FromSeconds(now.StartTicks / TicksPerSecond)
        : null;
}
