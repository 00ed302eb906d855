namespace Ips.Host.Cli;

/// <summary>What <c>ips --help</c> and the manual say beside the commands.</summary>
internal static class HelpText
{
    internal const string Description =
        "Ips is an IP inventory that tells HTTP clients which machine owns an address, and reloads without a client noticing. Start it "
            + "once; then put each new release in place and send SIGUSR2.";

    /// <summary>What to type, and what for.</summary>
    internal static IReadOnlyList<(string Word, string Text)> Examples { get; } =
    [
        ("ips run", "serve on http://127.0.0.1:8080 in the foreground"),
        ("ips start --config /etc/ips/ips.conf", "start a daemon, and print its PID once it serves"),
        ("kill -USR2 $(cat ips.pid)", "replace it with the release that is now in place"),
        ("ips reload", "the same, but wait for the outcome"),
        ("ips reload --check", "dry run: start the release, wait until it is ready, stop it"),
        ("ips deploy app-43.tar.gz", "add a release, start it by a reload, and put it in place once it is promoted"),
        ("ips reload --fleet web --canary 1 --bake 60s", "reload every node of a fleet, wave after wave; halt at the first failure"),
        ("ips rollback", "go back to the last good release, and pin it"),
        ("ips run --takeover /run/ips/takeover.sock", "take over a running daemon from another unit or container"),
        ("ips history", "show the last 100 reloads and how they ended"),
        ("ips pause", "fail /readyz, so that load balancers stop sending traffic; undo with ips resume"),
        ("ips start --last-good", "after a crash: start the last release that was promoted"),
        ("ips status --json", "show the running daemon as JSON"),
        ("ips dashboard", "serve a live page about it on 127.0.0.1, and print its address"),
        ("ips dashboard --once reloads.html", "write the history as one file, to attach to a ticket"),
        ("ips install-units --prefix /usr/local", "write the systemd units for this program"),
        ("ips sample", "add a small sample inventory to ips.db"),
        ("ips import hosts.csv", "add or replace hosts and switches from a file, all or nothing"),
        ("ips key add A00001", "create an access key for /v1 and print its secret, once"),
        ("ips key rotate A00001 --grace 1h", "give it a new secret; the old one stays valid for an hour"),
        ("ips doctor", "check how it would run here, and what would stop it"),
        ("ips check --reference > ips.conf", "write a configuration file with every key, its range and its default"),
        ("source <(ips completion bash)", "complete commands and options with TAB"),
        ("ips man | man -l -", "read the manual page"),
    ];

    /// <summary>The signals and what they do.</summary>
    internal static IReadOnlyList<(string Word, string Text)> Signals { get; } =
    [
        ("USR2", "reload: start the release now in place, hand over the sockets, drain and exit"),
        ("HUP", "check the configuration, then reload; if it is invalid, log the errors and change nothing"),
        ("TERM, INT, QUIT", "stop: finish in-flight requests (ips.drain.timeout), then exit; a second signal aborts them"),
        ("USR1", "reopen the log file after rotation"),
    ];

    /// <summary>Every exit code.</summary>
    internal static IReadOnlyList<(int Code, string Text)> ExitCodes { get; } =
    [
        (CliExitCode.Ok, "success"),
        (CliExitCode.Failed, "the daemon could not start, is not running, or failed"),
        (CliExitCode.Configuration, "the command line or the configuration is invalid; nothing was started or changed"),
        (CliExitCode.Aborted, "the daemon exited, but aborted requests that were still running at the drain deadline"),
        (CliExitCode.ReloadRefused, "the reload was refused or rolled back (--fleet: on every node); the old generation keeps serving"),
        (CliExitCode.Output, "ips reload --fleet: halted halfway; else output could not be written, or its reader closed the pipe early"),
        (CliExitCode.StoppedMeanwhile, "ips reload: the service was told to stop before the reload finished"),
        (CliExitCode.Internal, "internal failure; the daemon drained before it exited"),
        (CliExitCode.Interrupted, "interrupted by ^C (SIGINT)"),
        (CliExitCode.Terminated, "terminated by SIGTERM"),
    ];
}
