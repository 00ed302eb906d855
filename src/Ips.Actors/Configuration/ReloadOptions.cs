namespace Ips.Actors.Configuration;

/// <summary>How a successor is started and judged. HOCON block <c>ips.reload</c>, section <c>Ips:Reload</c> of an app's
/// configuration.</summary>
public sealed class ReloadOptions
{
    /// <summary>Gets or sets how long a successor may take from its spawn until it reports ready, then until its first health report, and
    /// until it acknowledges its promotion. For most of this time, a successor waits for health checks that fail.</summary>
    /// <value>From 1 s to 1 h. Default 60 s: a cold start takes less than 1 s; the rest is for the app's own work, such as migrations
    /// and caches.</value>
    public TimeSpan ReadyTimeout { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>Gets or sets how long a ready successor serves before it is promoted. Until then the predecessor can roll back.</summary>
    /// <value>From 0 (off) to 1 h. Default 5 s.</value>
    public TimeSpan Probation { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Gets or sets the share of the connections that a successor serves while it is on probation, step by step: it is a canary.
    /// Until the promotion the predecessor alone accepts, and passes that share of the new connections on before their first byte is read;
    /// up to a quarter of the live HTTP/1.1 connections moves as well. All steps but the last take a fifth of <see cref="Probation"/>.
    /// There is no canary where the app keeps state of its clients in its process (SignalR, Blazor Server, sessions or a distributed cache
    /// in memory), unless the word <c>always</c> is among the shares, or alone.</summary>
    /// <value>Shares from 1% to 90% in rising order, and the word <c>always</c>. Default null: <c>10%</c> and <c>50%</c>. Empty, or the
    /// word <c>off</c>: no canary; the successor accepts all new connections once it serves.</value>
    public IReadOnlyList<string>? Canary { get; set; }

    /// <summary>Gets or sets how long a canary may stay on probation if what its requests show by the end of <see cref="Probation"/> is not
    /// enough to judge it. The last step becomes longer, only while the rate of requests promises a verdict within this time, or while the
    /// canary seems to be worse.</summary>
    /// <value>From 0 to 1 h; not above <see cref="Probation"/>: it is never lengthened. Default 30 s.</value>
    public TimeSpan ProbationMax { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a probation may last at most.</summary>
    internal TimeSpan LongestProbation => Probation == TimeSpan.Zero || CanarySteps.Of(this).Percent.Count == 0 || ProbationMax < Probation
        ? Probation : ProbationMax;

    /// <summary>Gets or sets what rolls a canary back in addition to errors, requests without an answer, and latencies of 1.5 times:
    /// <c>slower</c> (latencies of 1.3 times), <c>processor</c> and <c>memory</c> (1.3 times as much processor time, or allocated memory,
    /// for a request). The receipt mentions them in any case.</summary>
    /// <value>Any of <c>slower</c>, <c>processor</c> and <c>memory</c>. Default empty.</value>
    public IReadOnlyList<string> RollBackOn { get; set; } = [];

    /// <summary>Gets or sets the interval of the successor's health reports during probation. After three missed reports in a row the
    /// reload is rolled back.</summary>
    /// <value>From 100 ms to 1 min. Default 1 s.</value>
    public TimeSpan HealthInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Gets or sets how long a refused successor has to exit after it is asked to, and again after SIGTERM. Then it is
    /// killed.</summary>
    /// <value>From 100 ms to 10 min. Default 5 s.</value>
    public TimeSpan KillTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Gets or sets the fraction of requests answered on probation that may fail with a 5xx status. Above it the reload is
    /// rolled back.</summary>
    /// <value>From 0 to 1; 1 turns the check off. Default 1, because a usual ratio differs from app to app.</value>
    public double MaxErrorRatio { get; set; } = 1;

    /// <summary>Gets or sets how many requests a successor must have answered before <see cref="MaxErrorRatio"/> applies.</summary>
    /// <value>From 1 to 1,000,000. Default 20.</value>
    public int MinRequests { get; set; } = 20;

    /// <summary>Gets or sets a URL that the predecessor requests once per <see cref="HealthInterval"/> during probation. Three answers in
    /// a row that are late, or whose status is not from 200 to 399, roll back the reload.</summary>
    /// <value>An absolute http or https URL. Default null: none is requested.</value>
    public string? HealthUrl { get; set; }

    /// <summary>Gets or sets the tags of the health checks that count: for a successor, which waits until they pass, and for
    /// <c>/readyz</c>. A check counts if it has one of the tags.</summary>
    /// <value>Default empty: every check that the app registered counts, except those with the tag <c>live</c>.</value>
    public IReadOnlyList<string> HealthTags { get; set; } = [];

    /// <summary>Gets or sets how many generations may be alive at once, counting the successor and those that still drain.</summary>
    /// <value>From 2 to 100. Default 4.</value>
    public int MaxGenerations { get; set; } = 4;

    /// <summary>Gets or sets what a reload does if <see cref="MaxGenerations"/> are still alive after <see cref="RoomTimeout"/>.</summary>
    /// <value>Default <see cref="Configuration.WhenFull.AbortOldest"/>: a long drain never blocks a reload.</value>
    public WhenFull WhenFull { get; set; } = WhenFull.AbortOldest;

    /// <summary>Gets or sets how long a reload waits for a draining generation to exit if <see cref="MaxGenerations"/> are alive.
    /// <see cref="WhenFull"/> applies after that.</summary>
    /// <value>From 0 to 10 min. Default 5 s: most requests need less, so quick successive reloads abort none.</value>
    public TimeSpan RoomTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Gets or sets the path of a file of <c>NAME=value</c> lines that each reload reads into the successor's environment. A
    /// file that cannot be read or parsed refuses the reload. <c>unset NAME</c> removes a variable; empty lines and lines that begin with
    /// <c>#</c> are skipped; quotes around a value are removed and nothing in it is expanded.</summary>
    /// <value>A path; a relative one counts from the working directory. Default null: a successor inherits its predecessor's
    /// environment.</value>
    public string? EnvFile { get; set; }

    /// <summary>Gets or sets whether the command line of the last promoted release is kept in <c>&lt;pid-file&gt;.last-good</c>, which
    /// <c>ips start --last-good</c> uses.</summary>
    /// <value>Default true.</value>
    public bool LastGood { get; set; } = true;

    /// <summary>Gets or sets what makes the service reload by itself. <c>release</c>: another release is in place, because the path of the
    /// program leads to another folder, or the file <c>.ips-release</c> beside the program was written. <c>runtime</c>: the shared .NET
    /// runtime was replaced on disk, or a newer patch of it was installed. Never while the service is paused; a release or a runtime that
    /// fails is not tried again until it changes.</summary>
    /// <value>Any of <c>release</c> and <c>runtime</c>. Default empty: it reloads when it is told to.</value>
    public IReadOnlyList<string> Watch { get; set; } = [];

    /// <summary>Gets or sets the least time between two reloads that the service begins by itself. Each is put off by a random part of it,
    /// so machines that see the same change do not all reload at once.</summary>
    /// <value>From 1 s to 24 h. Default 1 min.</value>
    public TimeSpan WatchInterval { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>Gets or sets the age at which a process is replaced by a new one of the release in place.</summary>
    /// <value>From 0 (off) to 8,784 h (366 days). Default 0.</value>
    public TimeSpan Every { get; set; }

    /// <summary>Gets or sets the resident memory in bytes above which a process is replaced, if the machine and its control group have room
    /// for 1.5 times as much; else it only warns. After a reload that failed it tries again an hour later.</summary>
    /// <value>From 0 (off) to 1 TiB. Default 0.</value>
    public long MaxMemory { get; set; }
}

/// <summary>What a reload does if <see cref="ReloadOptions.MaxGenerations"/> are alive. HOCON key <c>ips.reload.when-full</c>.</summary>
public enum WhenFull
{
    /// <summary>Abort the oldest generation that still drains. Written <c>abort-oldest</c> in HOCON.</summary>
    AbortOldest,

    /// <summary>Refuse the reload. Written <c>refuse</c> in HOCON.</summary>
    Refuse,
}
