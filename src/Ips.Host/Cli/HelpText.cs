namespace Ips.Host.Cli;

/// <summary>What <c>ips --help</c> and the manual say beside the commands.</summary>
internal static class HelpText
{
    internal const string Description =
        "Answers over HTTP which machine owns an address, and is replaced while it runs, so that no client notices: start it once, then put each new release in place and send SIGUSR2.";

    /// <summary>What to type, and what for.</summary>
    internal static IReadOnlyList<(string Word, string Text)> Examples { get; } =
    [
        ("ips run", "serve on http://127.0.0.1:8080 in the foreground"),
        ("ips start --config /etc/ips/ips.conf", "start a daemon; returns when it serves and prints its PID"),
        ("kill -USR2 $(cat ips.pid)", "replace it by the release that is in place now"),
        ("ips reload", "the same, and wait for the outcome"),
        ("ips reload --check", "would a reload work? start the release, see it get ready, end it"),
        ("ips run --takeover /run/ips/takeover.sock", "from another unit or container: become the successor"),
        ("ips history", "the newest 100 reloads and how they ended"),
        ("ips pause", "fail /readyz, so that load balancers look away; ips resume ends it"),
        ("ips start --last-good", "after a crash: start the release that last served for good"),
        ("ips status --json", "what runs, as JSON"),
        ("ips install-units --prefix /usr/local", "write the systemd units for this program"),
        ("ips sample", "add a small inventory to ips.db, for a first try"),
        ("ips import hosts.csv", "add and replace hosts and switches from a file, all or nothing"),
        ("ips key add A00001", "make an access key for /v1, and print its secret once"),
        ("ips key rotate A00001 --grace 1h", "give it a new secret; the old one is valid for an hour more"),
        ("ips doctor", "how would it run here, and what would keep it from that?"),
        ("ips check --reference > ips.conf", "write a configuration file with every key, its range and its default"),
        ("source <(ips completion bash)", "complete commands and options with the TAB key"),
        ("ips man | man -l -", "the manual page"),
    ];

    /// <summary>The signals and what they do.</summary>
    internal static IReadOnlyList<(string Word, string Text)> Signals { get; } =
    [
        ("USR2", "reload: start the release now in place, hand the sockets over, drain and end"),
        ("HUP", "the same, after the configuration was checked; an invalid one is logged and changes nothing"),
        ("TERM, INT, QUIT", "stop: finish what runs (ips.drain.timeout), then end; a second one aborts at once"),
        ("USR1", "open the log file again, after it was rotated"),
    ];

    /// <summary>Every exit code.</summary>
    internal static IReadOnlyList<(int Code, string Text)> ExitCodes { get; } =
    [
        (CliExitCode.Ok, "done"),
        (CliExitCode.Failed, "could not start, is not running, or failed while it ran"),
        (CliExitCode.Configuration, "the command line or the configuration is wrong; nothing was started or changed"),
        (CliExitCode.Aborted, "ended, but requests still running at the drain's deadline were aborted"),
        (CliExitCode.ReloadRefused, "reload refused or rolled back; the old generation serves on"),
        (CliExitCode.Output, "the output could not be written, or its reader went away before it had read everything"),
        (CliExitCode.StoppedMeanwhile, "ips reload: the service was told to stop before the reload was done"),
        (CliExitCode.Internal, "the daemon failed within itself; it drained first"),
        (CliExitCode.Interrupted, "the command was interrupted by ^C (SIGINT)"),
        (CliExitCode.Terminated, "the command was ended by SIGTERM"),
    ];
}
