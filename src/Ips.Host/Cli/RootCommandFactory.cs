using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Ips.Host.Cli;

/// <summary>The grammar of the command line. Pure: what a verb does is in <see cref="ICliActions"/>.</summary>
internal static class RootCommandFactory
{
    /// <summary>Makes the root command.</summary>
    /// <param name="actions">Carries out the verbs.</param>
    /// <param name="more">Further verbs, of other rooms.</param>
    internal static RootCommand Create(ICliActions actions, params IEnumerable<Command> more)
    {
        var root = new RootCommand(HelpText.Description)
        {
            Run(actions), Supervise(actions), Start(actions), Reload(actions), Stop(actions), Pause(actions, true), Pause(actions, false), Status(actions), History(actions), Check(actions), Doctor(actions),
        };
        foreach (var command in more) root.Add(command);
        root.Add(Completion(root));
        root.Add(Manual(root));
        foreach (var help in root.Options.OfType<HelpOption>()) help.Action = new Help();
        return root;
    }

    private static Command Run(ICliActions actions)
    {
        var daemon = new DaemonOptionSet(forClient: false);
        var command = daemon.AddTo(new("run", "Serve in the foreground; ^C stops gracefully. For a terminal, a container or a service manager."));
        command.SetAction((result, token) => actions.RunAsync(new(daemon.Read(result)), token));
        return command;
    }

    private static Command Supervise(ICliActions actions)
    {
        var daemon = new DaemonOptionSet(forClient: false);
        var command = daemon.AddTo(new(SupervisedArguments.Verb,
            "Serve in the foreground below a thin parent that keeps its PID over every reload, restarts a daemon that crashed on the same sockets, and ends with its exit code. 'ips run' does so by itself as PID 1 and on a terminal."));
        command.SetAction((result, token) => actions.SuperviseAsync(new(daemon.Read(result)), token));
        return command;
    }

    private static Command Start(ICliActions actions)
    {
        var daemon = new DaemonOptionSet(forClient: false);
        var timeout = Timeout("How long to wait until it serves, such as 90s; then it is ended. Default: ips.reload.ready-timeout.");
        var command = daemon.AddTo(new("start", "Start a daemon in a session of its own; return when it serves and print its PID, or fail with its error."));
        var lastGood = new Option<bool>("--last-good")
        {
            Description = "Start the release that last came to serve for good, by the command line that it had then (ips.reload.last-good keeps it).",
        };
        command.Add(lastGood);
        command.Add(timeout);
        command.SetAction((result, token) => actions.StartAsync(new(daemon.Read(result), result.GetValue(timeout), result.GetValue(lastGood)), token));
        return command;
    }

    private static Command Check(ICliActions actions)
    {
        var daemon = new DaemonOptionSet(forClient: false);
        var reference = new Option<bool>("--reference") { Description = "Print the reference configuration instead: every key with unit, range, default and reason." };
        var command = daemon.AddTo(new("check", "Validate the configuration and print what would be used. Nothing is started."));
        command.Add(reference);
        command.SetAction((result, token) => actions.CheckAsync(new(daemon.Read(result), result.GetValue(reference)), token));
        return command;
    }

    private static Command Doctor(ICliActions actions)
    {
        var daemon = new DaemonOptionSet(forClient: false);
        var command = daemon.AddTo(new("doctor", "Print how the daemon would run here (init system, user, limits, paths, addresses, versions), and each problem with its remedy. Nothing is started."));
        command.SetAction((result, token) => actions.DoctorAsync(new(daemon.Read(result)), token));
        return command;
    }

    private static Command Reload(ICliActions actions)
    {
        var target = new TargetOptionSet();
        var timeout = Timeout("How long to wait for the outcome, such as 90s; the daemon goes on after that. Default: by the daemon's own limits.");
        var command = target.AddTo(new("reload", "Replace the running daemon by the release now in place; wait for the outcome and print it."));
        var check = new Option<bool>("--check")
        {
            Description = "Only start the release, see whether it gets ready, and end it: it accepts no connection and nothing changes.",
        };
        var noQueue = new Option<bool>("--no-queue")
        {
            Description = "Fail if a reload is under way. Default: wait for it, then replace the daemon by the release in place.",
        };
        var acceptStore = new Option<bool>("--accept-store")
        {
            Description = "Let the release open another store than the running daemon has: a restored backup, or a move to PostgreSQL.",
        };
        var ignoreChecks = new Option<string[]>("--ignore-check")
        {
            Description = "Do not count this health check against the release, such as store; may be given several times.",
            HelpName = "NAME",
        };
        command.Add(check);
        command.Add(noQueue);
        command.Add(acceptStore);
        command.Add(ignoreChecks);
        command.Add(timeout);
        command.SetAction((result, token) => actions.ReloadAsync(
            new(
                target.Read(result), target.Json(result), result.GetValue(timeout), result.GetValue(check), result.GetValue(noQueue),
                result.GetValue(acceptStore))
            {
                IgnoreChecks = result.GetValue(ignoreChecks) is { Length: > 0 } names ? names : [],
            },
            token));
        return command;
    }

    private static Command Stop(ICliActions actions)
    {
        var target = new TargetOptionSet();
        var timeout = Timeout("How long to wait for the end, such as 90s; the daemon goes on after that. Default: by the daemon's own limits.");
        var command = target.AddTo(new("stop", "Stop the running daemon gracefully; return when its process has ended."));
        command.Add(timeout);
        command.SetAction((result, token) => actions.StopAsync(new(target.Read(result), target.Json(result), result.GetValue(timeout)), token));
        return command;
    }

    private static Command Pause(ICliActions actions, bool paused)
    {
        var target = new TargetOptionSet(withJson: false);
        var command = target.AddTo(new(paused ? "pause" : "resume", paused
            ? "Fail /readyz until 'ips resume', so that load balancers look away; accepting goes on. A reload keeps it."
            : "End what 'ips pause' began: /readyz passes again."));
        command.SetAction((result, token) => actions.PauseAsync(new(target.Read(result), paused), token));
        return command;
    }

    private static Command Status(ICliActions actions)
    {
        var target = new TargetOptionSet();
        var command = target.AddTo(new("status", "Show the running daemon: generation, state, release, addresses, connections, the newest reload."));
        command.SetAction((result, token) => actions.StatusAsync(new(target.Read(result), target.Json(result)), token));
        return command;
    }

    private static Command History(ICliActions actions)
    {
        var target = new TargetOptionSet();
        var command = target.AddTo(new("history", "Show the newest 100 reloads and checks, of earlier generations and starts as well."));
        command.SetAction((result, token) => actions.HistoryAsync(new(target.Read(result), target.Json(result)), token));
        return command;
    }

    private static Command Completion(RootCommand root)
    {
        var shell = CliOptions.Checked(new Argument<string>("shell") { Description = "bash, zsh or fish." },
            CompletionScript.Shells.Contains, "bash, zsh or fish");
        shell.CompletionSources.Add([.. CompletionScript.Shells]);
        var command = new Command("completion",
            "Print a script that makes a shell complete commands and options; its first line says what to do with it.") { shell };
        command.SetAction(result =>
            result.InvocationConfiguration.Output.Write(CompletionScript.Write(root, result.GetRequiredValue(shell))));
        return command;
    }

    private static Command Manual(RootCommand root)
    {
        var command = new Command("man", "Print the manual page, for man(1): ips man | man -l -");
        command.SetAction(result => result.InvocationConfiguration.Output.Write(ManPage.Write(root, Version)));
        return command;
    }

    private static string Version => typeof(RootCommandFactory).Assembly.GetName().Version?.ToString(3) ?? "";

    private static Option<TimeSpan?> Timeout(string description) =>
        CliOptions.Duration("--timeout", description, TimeSpan.FromMilliseconds(1), TimeSpan.FromDays(1));

    private sealed class Help : SynchronousCommandLineAction
    {
        public override bool ClearsParseErrors => true;

        public override int Invoke(ParseResult parseResult)
        {
            parseResult.InvocationConfiguration.Output.Write(HelpWriter.Write(parseResult.CommandResult.Command, Width()));
            return CliExitCode.Ok;
        }

        private static int Width() => !Console.IsOutputRedirected && Console.WindowWidth is > 0 and var width ? width
            : HelpWriter.DefaultWidth;
    }
}
