namespace Ips.Actors.Configuration;

/// <summary>How a successor is started and judged. HOCON block <c>ips.reload</c>.</summary>
public sealed class ReloadOptions
{
    /// <summary>Time from spawning a successor to its word that it is ready. From 1 s to 1 h. Default 60 s: a cold start
    /// takes below 1 s, the rest is for the app's own start-up work (migrations, caches).</summary>
    public TimeSpan ReadyTimeout { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>Time for which a ready successor serves while the predecessor stays able to take the role back.
    /// From 0 (off) to 1 h. Default 5 s.</summary>
    public TimeSpan Probation { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Interval of the successor's health reports. Three in a row missed end the probation with a rollback.
    /// From 100 ms to 1 min. Default 1 s.</summary>
    public TimeSpan HealthInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Time a refused successor gets to end after it was asked, and again after SIGTERM; then it is killed.
    /// From 100 ms to 10 min. Default 5 s.</summary>
    public TimeSpan KillTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>The part of the requests answered on probation that may fail with a 5xx status; above it the successor is rolled back.
    /// From 0 to 1, and 1 turns it off. Default 1: what is usual differs from app to app.</summary>
    public double MaxErrorRatio { get; set; } = 1;

    /// <summary>Requests that a successor must have answered before <see cref="MaxErrorRatio"/> judges it. From 1 to 1,000,000. Default 20.</summary>
    public int MinRequests { get; set; } = 20;

    /// <summary>An http or https URL that the predecessor asks each <see cref="HealthInterval"/> of the probation; three answers in a row that are
    /// late or not from 200 to 399 roll back. Default none.</summary>
    public string? HealthUrl { get; set; }

    /// <summary>Generations alive at once, the successor and those that drain included. From 2 to 100. Default 4.</summary>
    public int MaxGenerations { get; set; } = 4;

    /// <summary>What a reload does when <see cref="MaxGenerations"/> are alive, and none has ended within <see cref="RoomTimeout"/>. Default <see cref="Configuration.WhenFull.AbortOldest"/>: a long drain never blocks a reload.</summary>
    public WhenFull WhenFull { get; set; } = WhenFull.AbortOldest;

    /// <summary>How long a reload waits for a draining generation to end by itself when <see cref="MaxGenerations"/> are alive, before it does what
    /// <see cref="WhenFull"/> says. From 0 to 10 min. Default 5 s: what most requests need, so that reloads in quick succession cut none.</summary>
    public TimeSpan RoomTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>A file of <c>NAME=value</c> lines that is read at each reload into the successor's environment, see <see cref="EnvironmentFileParser"/>;
    /// one that cannot be read or understood refuses the reload. Default none: a successor has the environment of its predecessor.</summary>
    public string? EnvFile { get; set; }

    /// <summary>Whether the command line of the release that last came to serve for good is kept in <c>&lt;pid-file&gt;.last-good</c>, for
    /// <c>ips start --last-good</c>. Default true.</summary>
    public bool LastGood { get; set; } = true;
}

/// <summary>What a reload does when as many generations are alive as may be. HOCON key <c>ips.reload.when-full</c>.</summary>
public enum WhenFull
{
    /// <summary>Abort the oldest generation that still drains.</summary>
    AbortOldest,

    /// <summary>Refuse the reload.</summary>
    Refuse,
}
