namespace Ips.Actors.Systemd;

/// <summary>What one datagram tells the service manager; only what is set is said. See sd_notify(3).</summary>
internal sealed record NotifyMessage
{
    /// <summary>The process to supervise from now on.</summary>
    public int? MainPid { get; init; }

    /// <summary>The service serves; also ends a reload, whatever its outcome.</summary>
    public bool Ready { get; init; }

    /// <summary>A reload begins, at this time of CLOCK_MONOTONIC in microseconds.</summary>
    public long? ReloadingAtUsec { get; init; }

    /// <summary>The service stops. systemd then ends the whole unit, whoever said so.</summary>
    public bool Stopping { get; init; }

    /// <summary>The message loop turns: the watchdog's clock starts anew.</summary>
    public bool Watchdog { get; init; }

    /// <summary>What is under way may take this long from now on, whatever the unit's own limits.</summary>
    public TimeSpan? ExtendTimeout { get; init; }

    /// <summary>One line for people, shown by <c>systemctl status</c>.</summary>
    public string? Status { get; init; }
}
