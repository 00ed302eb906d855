using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;

namespace Ips.Host.Cli;

/// <summary>The grammar of the command line. Pure: what a verb does is in <see cref="ICliActions"/>.</summary>
internal static class RootCommandFactory
{
    private const string ReloadTimeout =
        "How long to wait for the outcome, such as 90s; the reload continues. Default: the daemon's own limits.";

    /// <summary>Makes the root command.</summary>
    /// <param name="actions">Carries out the verbs.</param>
    /// <param name="more">Further verbs, of other rooms.</param>
    internal static RootCommand Create(ICliActions actions, params IEnumerable<Command> more)
    {
        var root = new RootCommand(HelpText.Description)
        {
            Run(actions), Supervise(actions), Start(actions), Reload(actions), Deploy(actions), Rollback(actions), Stop(actions),
            Pause(actions, true), Pause(actions, false), Status(actions), Top(actions), History(actions), Check(actions), Doctor(actions),
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
        var command = daemon.AddTo(new("run",
            "Serve in the foreground: on a terminal, in a container, under systemd. ^C stops gracefully."));
        command.SetAction((result, token) => actions.RunAsync(new(daemon.Read(result)), token));
        return command;
    }

    private static Command Supervise(ICliActions actions)
    {
        var daemon = new DaemonOptionSet(forClient: false);
        var command = daemon.AddTo(new(SupervisedArguments.Verb,
            "Serve in the foreground under a supervisor. It keeps its PID across reloads, restarts a crashed daemon on the same sockets, "
            + "and exits with the daemon's exit code. 'ips run' does the same by itself as PID 1 and on a terminal."));
        command.SetAction((result, token) => actions.SuperviseAsync(new(daemon.Read(result)), token));
        return command;
    }

    private static Command Start(ICliActions actions)
    {
        var daemon = new DaemonOptionSet(forClient: false);
        var timeout = Timeout("How long the daemon may take to serve, such as 90s; then it is stopped. Default: ips.reload.ready-timeout.");
        var command = daemon.AddTo(new("start", "Start a daemon in a new session. Print its PID once it serves, or fail with its error."));
        var lastGood = new Option<bool>("--last-good")
        {
            Description = "Start the last release that was promoted, with its own command line. Needs ips.reload.last-good.",
        };
        command.Add(lastGood);
        command.Add(timeout);
        command.SetAction((result, token) =>
            actions.StartAsync(new(daemon.Read(result), result.GetValue(timeout), result.GetValue(lastGood)), token));
        return command;
    }

    private static Command Check(ICliActions actions)
    {
        var daemon = new DaemonOptionSet(forClient: false);
        var reference = new Option<bool>("--reference") { Description = "Print every key with its unit, range, default and reason." };
        var command = daemon.AddTo(new("check", "Validate the configuration and print the effective values. Starts nothing."));
        command.Add(reference);
        command.SetAction((result, token) => actions.CheckAsync(new(daemon.Read(result), result.GetValue(reference)), token));
        return command;
    }

    private static Command Doctor(ICliActions actions)
    {
        var daemon = new DaemonOptionSet(forClient: false);
        var command = daemon.AddTo(new("doctor", "Print how the daemon would run here (init system, user, limits, paths, addresses, "
            + "versions), and each problem with its fix. Starts nothing."));
        var pid = CliOptions.ProcessId("--pid",
            "Check a running process instead, the daemon or any app with AddIps(): which of its files would two generations overwrite?");
        command.Add(pid);
        command.Validators.Add(result =>
        {
            if (result.GetResult(pid) is not null && result.Children.Count(child => child is OptionResult { Implicit: false }) > 1)
                result.AddError("--pid names a running process; no other option can be given with it.");
        });
        command.SetAction((result, token) => actions.DoctorAsync(new(daemon.Read(result), result.GetValue(pid)), token));
        return command;
    }

    private static Command Reload(ICliActions actions)
    {
        var target = new TargetOptionSet();
        var timeout = Timeout(ReloadTimeout);
        var command = target.AddTo(new("reload", "Replace the running daemon with the release now in place, and print the outcome."));
        var check = new Option<string?>("--check")
        {
            Description = "Dry run: start the release in place, or the one in a folder, wait until it is ready, and stop it. It accepts no "
                + "connections and nothing changes.",
            HelpName = "FOLDER",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var terms = new TermsOptionSet("wait for that reload, then reload again");
        command.Add(check);
        terms.AddTo(command);
        command.Add(timeout);
        var (fleet, agent, rollout) = (CliOptions.Text("--fleet", "NAME",
            "Reload every node of this fleet, wave after wave, through the agent of this node (ips agent)."), AgentOption(),
            new FleetOptionSet());
        command.Add(fleet);
        rollout.AddTo(command);
        command.Add(agent);
        command.Validators.Add(result => OneOrFleet(result, fleet.Name, [.. rollout.Names, agent.Name]));
        command.SetAction((result, token) => result.GetValue(fleet) is { } name
            ? actions.RollOutAsync(new(name, rollout.Read(result), result.GetValue(agent), target.Json(result)), token)
            : actions.ReloadAsync(
                new(target.Read(result), target.Json(result), result.GetValue(timeout), result.GetResult(check) is not null)
                {
                    CheckFolder = result.GetValue(check), Terms = terms.Read(result),
                },
            token));
        return command;
    }

    /// <summary>The option that says which agent is asked.</summary>
    internal static Option<string> AgentOption() => CliOptions.Text("--agent", "FILE",
        "The configuration of this node's agent. Default: /etc/ips/agent.conf for root, else ~/.config/ips/agent.conf.");

    // Options of a fleet mean nothing for one daemon, and the other way round.
    private static void OneOrFleet(CommandResult result, string fleet, IReadOnlyCollection<string> ofFleet)
    {
        var given = result.Children.OfType<OptionResult>().Where(option => !option.Implicit).Select(option => option.Option.Name).ToList();
        var wrong = given.Contains(fleet) ? given.Except(ofFleet).Except([fleet, "--json"]).FirstOrDefault()
            : given.Intersect(ofFleet).FirstOrDefault();
        if (wrong is not null)
        {
            result.AddError(given.Contains(fleet) ? $"{wrong} is for one daemon; it cannot be given with {fleet}."
                : $"{wrong} needs {fleet}.");
        }
    }

    private static Command Deploy(ICliActions actions)
    {
        var target = new TargetOptionSet();
        var source = new Argument<string>("release")
        {
            Description = "A folder, a tar, a tar.gz or a zip of a published build; or a folder of releases/ itself.",
            HelpName = "FOLDER|ARCHIVE",
        };
        var name = CliOptions.Text("--name", "NAME", "The release's name. Default: its version, else its archive's name, else the time.");
        var (into, timeout) = (Into(), Timeout(ReloadTimeout));
        var command = target.AddTo(new("deploy", "Put a release into releases/ beside the running one, start it by a reload, and point the "
            + "link 'current' at it once it is promoted. If it is not, nothing has changed."));
        var terms = new TermsOptionSet("wait for it first");
        command.Add(source);
        command.Add(name);
        command.Add(into);
        terms.AddTo(command);
        command.Add(timeout);
        command.SetAction((result, token) => actions.DeployAsync(
            new(target.Read(result), result.GetRequiredValue(source), result.GetValue(name), result.GetValue(into), target.Json(result),
                result.GetValue(timeout))
            {
                Terms = terms.Read(result),
            },
            token));
        return command;
    }

    private static Command Rollback(ICliActions actions)
    {
        var target = new TargetOptionSet();
        var name = new Argument<string?>("release")
        {
            Description = "The name of a folder in releases/. Default: the last good release before the running one.",
            HelpName = "NAME",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var (into, timeout) = (Into(), Timeout(ReloadTimeout));
        var command = target.AddTo(new("rollback",
            "Go back to the last good release: start it by a reload, and point the link 'current' at it once it is promoted. It stays "
            + "pinned until the next deploy."));
        var terms = new TermsOptionSet("wait for it first");
        command.Add(name);
        command.Add(into);
        terms.AddTo(command);
        command.Add(timeout);
        command.SetAction((result, token) => actions.RollbackAsync(
            new(target.Read(result), result.GetValue(name), result.GetValue(into), target.Json(result), result.GetValue(timeout))
            {
                Terms = terms.Read(result),
            },
            token));
        return command;
    }

    private static Option<string> Into() => CliOptions.Text("--into", "FOLDER",
        "The folder with the link 'current' and releases/. Default: the one that the daemon was started from. Root must give it if the "
        + "daemon runs as another user.");

    private static Command Stop(ICliActions actions)
    {
        var target = new TargetOptionSet();
        var timeout = Timeout("How long to wait for the exit, such as 90s; the stop continues. Default: the daemon's own limits.");
        var command = target.AddTo(new("stop", "Stop the running daemon gracefully. Return when its process has exited."));
        command.Add(timeout);
        command.SetAction((result, token) => actions.StopAsync(new(target.Read(result), target.Json(result), result.GetValue(timeout)),
            token));
        return command;
    }

    private static Command Pause(ICliActions actions, bool paused)
    {
        var target = new TargetOptionSet(withJson: false);
        var command = target.AddTo(new(paused ? "pause" : "resume", paused
            ? "Fail /readyz until 'ips resume', so that load balancers stop sending traffic. Ips keeps accepting. Reloads keep the pause."
            : "Undo 'ips pause': /readyz passes again."));
        command.SetAction((result, token) => actions.PauseAsync(new(target.Read(result), paused), token));
        return command;
    }

    private static Command Status(ICliActions actions)
    {
        var target = new TargetOptionSet();
        var command = target.AddTo(new("status",
            "Show the running daemon: generation, state, release, addresses, connections, last reload."));
        command.SetAction((result, token) => actions.StatusAsync(new(target.Read(result), target.Json(result)), token));
        return command;
    }

    private static Command Top(ICliActions actions)
    {
        var target = new TargetOptionSet();
        var interval = CliOptions.Duration("--interval", "The time between two looks, such as 500ms. Default: 1s.",
            TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(1));
        var command = target.AddTo(new("top",
            "Show the running daemon live until ^C: generations, requests, latency, the reload or drain in progress."));
        command.Add(interval);
        command.SetAction((result, token) => actions.TopAsync(
            new(target.Read(result), target.Json(result), result.GetValue(interval) ?? TimeSpan.FromSeconds(1)), token));
        return command;
    }

    private static Command History(ICliActions actions)
    {
        var target = new TargetOptionSet();
        var all = new Option<bool>("--all")
        {
            Description = "Show all that are kept, up to 100. Default: the newest 20; with --json, all.",
        };
        var since = CliOptions.Duration("--since", "Show only those of the last time, such as 24h or 7d.", TimeSpan.FromSeconds(1),
            TimeSpan.FromDays(3650));
        var command = target.AddTo(new("history", "Show the last reloads and checks, across generations, restarts and reboots."));
        command.Add(all);
        command.Add(since);
        command.SetAction((result, token) => actions.HistoryAsync(
            new(target.Read(result), target.Json(result), result.GetValue(all), result.GetValue(since)), token));
        return command;
    }

    private static Command Completion(RootCommand root)
    {
        var shell = CliOptions.Checked(new Argument<string>("shell") { Description = "bash, zsh or fish." },
            CompletionScript.Shells.Contains, "bash, zsh or fish");
        shell.CompletionSources.Add([.. CompletionScript.Shells]);
        var command = new Command("completion",
            "Print a shell completion script. Its first line says how to install it.") { shell };
        command.SetAction(result =>
            result.InvocationConfiguration.Output.Write(CompletionScript.Write(root, result.GetRequiredValue(shell))));
        return command;
    }

    private static Command Manual(RootCommand root)
    {
        var command = new Command("man", "Print the manual page for man(1): ips man | man -l -");
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
