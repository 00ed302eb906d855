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
}
