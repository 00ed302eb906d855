using System.CommandLine;
using Ips.Host.Configuration;

namespace Ips.Host.Cli;

/// <summary>The options that say what a daemon is told. A client needs only those that lead to the PID file.</summary>
internal sealed class DaemonOptionSet
{
    private readonly bool _forClient;

    private readonly Option<string> _config = CliOptions.Text("--config", "FILE",
        "The configuration file (HOCON). Default: none; every key has a default, see 'ips check --reference'.");
    private readonly Option<string> _directory = CliOptions.Text("--directory", "DIR",
        "The directory for relative paths on this command line. Default: the current directory.");
    private readonly Option<string> _pidFile = CliOptions.Text("--pid-file", "FILE",
        "The PID file. Its control socket is FILE.sock, its lock FILE.lock. Default: ips.pid. Overrides ips.pid-file.");
    private readonly Option<string[]> _urls = new("--urls")
    {
        Description = "The addresses to listen on, separated by semicolons. Default: http://127.0.0.1:8080. Overrides ips.urls.",
        HelpName = "URLS",
        Arity = ArgumentArity.OneOrMore,
    };
    private readonly Option<string> _logFile = CliOptions.Text("--log-file", "FILE",
        "The file that receives stdout and stderr. Default: none for run; ips.log for start, unless ips.log-file is set. Overrides "
            + "ips.log-file.");
    private readonly Option<string> _user = CliOptions.Text("--user", "NAME",
        "The user to run as when started as root; name root to stay root. Default: none, and then root may only serve loopback addresses "
            + "and Unix sockets. Overrides ips.user.");
    private readonly Option<string> _takeover = CliOptions.Text("--takeover", "SOCKET",
        "Take over the running daemon whose ips.takeover.socket this is. Default: none. Overrides ips.takeover.from.");
    private readonly Option<string> _metricsUrl = CliOptions.Text("--metrics-url", "URL",
        "The address that serves /metrics to a scraper on this machine, such as http://127.0.0.1:9464; empty for none. Default: none. "
            + "Overrides ips.metrics.url.");
    private readonly Option<string> _logFormat = CliOptions.Choice("--log-format",
        "The format of log lines. Default: line. Overrides ips.log.format.", "line", "json");

    internal DaemonOptionSet(bool forClient) => _forClient = forClient;

    /// <summary>Puts the options on a verb.</summary>
    internal Command AddTo(Command command)
    {
        command.Add(_config);
        if (!_forClient) command.Add(_urls);
        command.Add(_pidFile);
        if (!_forClient) command.Add(_logFile);
        if (!_forClient) command.Add(_user);
        if (!_forClient) command.Add(_takeover);
        if (!_forClient) command.Add(_metricsUrl);
        if (!_forClient) command.Add(_logFormat);
        command.Add(_directory);
        return command;
    }

    /// <summary>What was typed.</summary>
    internal DaemonArguments Read(ParseResult result) => new()
    {
        Config = result.GetValue(_config),
        Directory = result.GetValue(_directory),
        PidFile = result.GetValue(_pidFile),
        Urls = !_forClient && result.GetValue(_urls) is { Length: > 0 } urls ? string.Join(';', urls) : null,
        LogFile = _forClient ? null : result.GetValue(_logFile),
        User = _forClient ? null : result.GetValue(_user),
        Takeover = _forClient ? null : result.GetValue(_takeover),
        MetricsUrl = _forClient ? null : result.GetValue(_metricsUrl),
        LogFormat = _forClient ? null : result.GetValue(_logFormat),
    };
}
