using Ips.Actors.Launch;
using Ips.Fleet.Rollouts;
using Ips.Host.Configuration;
using Ips.Host.Inventory.Storage;

namespace Ips.Host.Cli;

/// <summary>What the user asked for, as it was typed and understood. One record for each verb.</summary>
internal abstract record CliCommand;

/// <summary>Serve in the foreground.</summary>
internal sealed record RunCommand(DaemonArguments Daemon) : CliCommand;

/// <summary>Serve in the foreground below a parent that stays.</summary>
internal sealed record SuperviseCommand(DaemonArguments Daemon) : CliCommand;

/// <summary>Launch a daemon and wait until it serves.</summary>
/// <param name="Daemon">What the daemon is told.</param>
/// <param name="Timeout">How long to wait; null for the ready timeout of the configuration.</param>
/// <param name="LastGood">Launch the release that last came to serve for good, by the command line that it had.</param>
internal sealed record StartCommand(DaemonArguments Daemon, TimeSpan? Timeout, bool LastGood = false) : CliCommand;

/// <summary>Validate the configuration and show it.</summary>
/// <param name="Daemon">What the daemon would be told.</param>
/// <param name="Reference">Show the reference file with every key instead.</param>
internal sealed record CheckCommand(DaemonArguments Daemon, bool Reference) : CliCommand;

/// <summary>Print how the daemon would run here, and what would keep it from that.</summary>
/// <param name="Daemon">What the daemon would be told.</param>
/// <param name="Pid">Look at this process instead: what would its next generation share that it must not?</param>
internal sealed record DoctorCommand(DaemonArguments Daemon, int? Pid = null) : CliCommand;

/// <summary>Ask a running daemon to reload, and wait for the outcome.</summary>
/// <param name="Target">Which daemon.</param>
/// <param name="Json">Print the receipt as JSON.</param>
/// <param name="Timeout">How long to wait; null for the daemon's own limits.</param>
/// <param name="Check">Only see whether the release would get ready; nothing is handed over.</param>
internal sealed record ReloadCommand(DaemonTarget Target, bool Json, TimeSpan? Timeout, bool Check = false) : CliCommand
{
    /// <summary>The folder of the release to check; null for the release in place.</summary>
    public string? CheckFolder { get; init; }

    /// <summary>The operator's terms.</summary>
    public OperatorTerms Terms { get; init; } = new();
}

/// <summary>Ask the agent of this node for a rollout, and wait for its end.</summary>
/// <param name="Fleet">The fleet.</param>
/// <param name="Terms">How.</param>
/// <param name="Agent">The agent's configuration; null for where it is by default.</param>
/// <param name="Json">Print the receipt as JSON.</param>
internal sealed record RolloutCommand(string Fleet, RolloutTerms Terms, string? Agent, bool Json) : CliCommand;

/// <summary>What an operator asks of a reload beyond the rules, or allows it.</summary>
/// <param name="NoQueue">Fail rather than wait for a reload that is under way.</param>
/// <param name="AcceptStore">The release may open another store than the running daemon has.</param>
internal sealed record OperatorTerms(bool NoQueue = false, bool AcceptStore = false)
{
    /// <summary>Health checks that do not count against the release.</summary>
    public IReadOnlyList<string> IgnoreChecks { get; init; } = [];

    /// <summary>The facts in which the release may differ, as on the control socket; null for none.</summary>
    public IReadOnlyList<string>? Accept => AcceptStore ? [StoreIdentity.FactName] : null;

    /// <summary>The checks, as on the control socket; null for none.</summary>
    public IReadOnlyList<string>? Ignored => IgnoreChecks.Count > 0 ? IgnoreChecks : null;

    /// <summary>They change how the release is judged, so a daemon that does not know them must not judge it.</summary>
    public bool ForTheJudge => AcceptStore || IgnoreChecks.Count > 0;
}

/// <summary>Start a release that is not in place, and put it in place once it is promoted.</summary>
/// <param name="Target">Which daemon.</param>
/// <param name="Into">The folder with <c>current</c> and <c>releases/</c>; null for the one that the daemon was started from.</param>
/// <param name="Json">Print the receipt as JSON.</param>
/// <param name="Timeout">How long to wait; null for the daemon's own limits.</param>
internal abstract record PlacingCommand(DaemonTarget Target, string? Into, bool Json, TimeSpan? Timeout) : CliCommand
{
    /// <summary>The operator's terms.</summary>
    public OperatorTerms Terms { get; init; } = new();
}

/// <summary>Put a release beside the one that serves, start it, and put it in place once it is promoted.</summary>
/// <param name="Target">Which daemon.</param>
/// <param name="Source">A folder or an archive.</param>
/// <param name="Name">The name that the release is to have; null for its version.</param>
/// <param name="Into">The folder with <c>current</c> and <c>releases/</c>; null for the one that the daemon was started from.</param>
/// <param name="Json">Print the receipt as JSON.</param>
/// <param name="Timeout">How long to wait; null for the daemon's own limits.</param>
internal sealed record DeployCommand(
    DaemonTarget Target, string Source, string? Name = null, string? Into = null, bool Json = false, TimeSpan? Timeout = null)
    : PlacingCommand(Target, Into, Json, Timeout);

/// <summary>Start a release that served before, and put it in place once it is promoted.</summary>
/// <param name="Target">Which daemon.</param>
/// <param name="Name">The release; null for the last good one before the one that serves.</param>
/// <param name="Into">The folder with <c>current</c> and <c>releases/</c>; null for the one that the daemon was started from.</param>
/// <param name="Json">Print the receipt as JSON.</param>
/// <param name="Timeout">How long to wait; null for the daemon's own limits.</param>
internal sealed record RollbackCommand(
    DaemonTarget Target, string? Name = null, string? Into = null, bool Json = false, TimeSpan? Timeout = null)
    : PlacingCommand(Target, Into, Json, Timeout);

/// <summary>Let a running daemon fail its readiness while it accepts on, or end that.</summary>
internal sealed record PauseCommand(DaemonTarget Target, bool Paused) : CliCommand;

/// <summary>Ask a running daemon to stop, and wait until it has ended.</summary>
internal sealed record StopCommand(DaemonTarget Target, bool Json, TimeSpan? Timeout) : CliCommand;

/// <summary>Show a running daemon.</summary>
internal sealed record StatusCommand(DaemonTarget Target, bool Json) : CliCommand;

/// <summary>Show a running daemon again and again.</summary>
/// <param name="Target">Which daemon.</param>
/// <param name="Json">A JSON object a line.</param>
/// <param name="Interval">Time between two looks.</param>
internal sealed record TopCommand(DaemonTarget Target, bool Json, TimeSpan Interval) : CliCommand;

/// <summary>Show the past reloads of a running daemon.</summary>
/// <param name="Target">Which daemon.</param>
/// <param name="Json">Print the receipts as JSON.</param>
/// <param name="All">All that are kept, and not the newest alone.</param>
/// <param name="Since">Only those of this time back from now; null for any.</param>
internal sealed record HistoryCommand(DaemonTarget Target, bool Json, bool All = false, TimeSpan? Since = null) : CliCommand
{
    /// <summary>How many are shown of all that are kept.</summary>
    public const int Newest = 20;
}

/// <summary>Which running daemon is meant: the one with this process id, or else the one of this PID file.</summary>
internal sealed record DaemonTarget
{
    /// <summary>The process id, from 1.</summary>
    public int? Pid { get; init; }

    /// <summary>Where the PID file is found: given, in the configuration, or by default.</summary>
    public DaemonArguments Daemon { get; init; } = new();
}
