using System.CommandLine;

namespace Ips.Host.Cli;

/// <summary>The options that say which running daemon is meant, and how the answer is printed.</summary>
/// <param name="withJson">Whether there is an answer that could be printed as JSON.</param>
internal sealed class TargetOptionSet(bool withJson = true)
{
    private readonly DaemonOptionSet _daemon = new(forClient: true);

    private readonly Option<int?> _pid = CliOptions.ProcessId("--pid",
        "The PID of the daemon, or of any app with AddIps(), instead of a PID file.");

    private readonly Option<bool> _json = new("--json") { Description = "Print the result as one line of JSON." };

    /// <summary>Puts the options on a verb.</summary>
    internal Command AddTo(Command command)
    {
        command.Add(_pid);
        _daemon.AddTo(command);
        if (withJson) command.Add(_json);
        command.Validators.Add(result =>
        {
            if (result.GetResult(_pid) is not null && result.Children.Any(child =>
                child is System.CommandLine.Parsing.OptionResult { Implicit: false, Option.Name: "--pid-file" or "--config" }))
                result.AddError("--pid names the daemon already; --pid-file and --config cannot be given with it.");
        });
        return command;
    }

    /// <summary>What was typed.</summary>
    internal DaemonTarget Read(ParseResult result) => new() { Pid = result.GetValue(_pid), Daemon = _daemon.Read(result) };

    /// <summary>Whether JSON is wanted.</summary>
    internal bool Json(ParseResult result) => result.GetValue(_json);
}
