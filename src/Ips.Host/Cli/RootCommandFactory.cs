using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using Ips.Actors.Configuration;
using Ips.Host.Configuration;

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
        foreach (var help in root.Options.OfType<HelpOption>()) help.Action = new HelpWithEpilogue((HelpAction)help.Action!, root);
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
        command.Add(check);
        command.Add(timeout);
        command.SetAction((result, token) =>
            actions.ReloadAsync(new(target.Read(result), target.Json(result), result.GetValue(timeout), result.GetValue(check)), token));
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
        var command = target.AddTo(new("history", "Show the newest 50 reloads and checks of the running daemon, those of earlier generations included."));
        command.SetAction((result, token) => actions.HistoryAsync(new(target.Read(result), target.Json(result)), token));
        return command;
    }

    private static Option<TimeSpan?> Timeout(string description) => new("--timeout")
    {
        Description = description,
        HelpName = "DURATION",
        CustomParser = result =>
        {
            var text = result.Tokens[0].Value;
            if (DurationText.TryParse(text, out var value, out var reason) && value > TimeSpan.Zero && value <= TimeSpan.FromDays(1)) return value;
            result.AddError($"--timeout is {text}; it must be a duration with a unit, above 0s and up to 24h{(reason is null ? "" : $" ({reason})")}.");
            return null;
        },
    };

    private sealed class HelpWithEpilogue(HelpAction inner, RootCommand root) : SynchronousCommandLineAction
    {
        public override bool ClearsParseErrors => true;

        public override int Invoke(ParseResult parseResult)
        {
            var code = inner.Invoke(parseResult);
            if (parseResult.CommandResult.Command == root) parseResult.InvocationConfiguration.Output.WriteLine(HelpText.Epilogue);
            return code;
        }
    }
}
