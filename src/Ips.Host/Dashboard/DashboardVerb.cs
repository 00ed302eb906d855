using System.CommandLine;
using System.CommandLine.Parsing;
using System.Text;
using Ips.Actors.Configuration;
using Ips.Actors.Control;
using Ips.Actors.Diagnostics;
using Ips.Actors.Files;
using Ips.Host.Cli;

namespace Ips.Host.Dashboard;

/// <summary><c>ips dashboard</c></summary>
/// <param name="console">Where it prints.</param>
/// <param name="findAll">Finds the control sockets of all services of this user.</param>
internal sealed class DashboardVerb(CliConsole console, Func<IReadOnlyList<string>> findAll)
{
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(10);
    private static readonly string[] Targets = ["--pid", "--pid-file", "--config"];

    /// <summary>The verb.</summary>
    internal Command Verb()
    {
        var target = new TargetOptionSet(withJson: false);
        var command = target.AddTo(new("dashboard",
            "Serve a live page about a running daemon on 127.0.0.1, and print its address, which opens once. The page shows each "
            + "generation, probation, drains and past reloads, and can reload, check, pause and resume. ^C ends it; the daemon is "
            + "not affected."));
        var all = new Option<bool>("--all")
        {
            Description = "Show every daemon and app that this user may ask, also those that start later.",
        };
        var once = CliOptions.Text("--once", "FILE",
            "Serve nothing: write the history as one self-contained HTML file, to attach to a ticket. - is standard output.");
        command.Add(all);
        command.Add(once);
        command.Validators.Add(result =>
        {
            if (result.GetResult(all) is { Implicit: false } && result.Children.Any(child =>
                child is OptionResult { Implicit: false } option && Targets.Contains(option.Option.Name)))
                result.AddError("--all shows every daemon; --pid, --pid-file and --config cannot be given with it.");
        });
        command.SetAction((result, token) =>
        {
            var sockets = result.GetValue(all) ? findAll() : [Find(target.Read(result))];
            if (sockets.Count == 0) throw new CliException(CliExitCode.Failed, "No daemon of this user is running.");
            return result.GetValue(once) is { } file ? ReportAsync(sockets, file, token)
                : ServeAsync(sockets, result.GetValue(all), token);
        });
        return command;
    }

    private string Find(DaemonTarget target)
    {
        var (address, _) = DaemonLocator.Find(target, console.Directory, follow: true);
        if (address.Note is { } note) console.Error.WriteLine(TerminalText.Line(note));
        return DashboardServices.Lasting(address.SocketPath);
    }

    private async Task<int> ServeAsync(IReadOnlyList<string> sockets, bool all, CancellationToken cancellation)
    {
        if (!all) await AskAsync(sockets[0], ControlVerb.Status, cancellation);
        var server = await DashboardServer.StartAsync(sockets, console.Time, cancellation);
        await using (server)
        {
            await console.Output.WriteLineAsync(server.Address);
            await console.Error.WriteLineAsync("ips: open this address in a browser on this machine; it opens once. ^C ends the page.");
            try
            {
                await (all ? server.FollowAsync(findAll, cancellation)
                    : Task.Delay(System.Threading.Timeout.Infinite, cancellation));
            }
            catch (OperationCanceledException)
            {
                // ^C is how it ends.
            }
        }

        return CliExitCode.Ok;
    }

    private async Task<int> ReportAsync(IReadOnlyList<string> sockets, string file, CancellationToken cancellation)
    {
        List<ReportedService> services = [];
        foreach (var socket in sockets)
        {
            try
            {
                services.Add(await LookAsync(socket, cancellation));
            }
            catch (CliException e) when (sockets.Count > 1)
            {
                // One service of many that has just ended, or does not answer, does not cost the report of the others.
                await console.Error.WriteLineAsync($"ips: left out of the report: {TerminalText.Line(e.Message)}");
            }
        }

        if (services.Count == 0) throw new CliException(CliExitCode.Failed, "No daemon answered; the report was not written.");
        var text = DashboardReport.Write(services, console.Time.GetUtcNow());
        if (file == "-")
        {
            await console.Output.WriteAsync(text);
            return CliExitCode.Ok;
        }

        var path = FilePaths.Resolve(console.Directory, file);
        try
        {
            await ServiceFiles.WriteAsync(path, stream => stream.WriteAsync(Encoding.UTF8.GetBytes(text), cancellation).AsTask(),
                cancellation);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CliException(CliExitCode.Output, $"{CliOptions.Shown(file)} cannot be written: {Wording.FileFault(e, path)}.");
        }

        await console.Error.WriteLineAsync($"ips: wrote {CliOptions.Shown(file)}.");
        return CliExitCode.Ok;
    }

    // A service that has ended has left its history.
    private async Task<ReportedService> LookAsync(string socket, CancellationToken cancellation)
    {
        var pidFile = socket[..^DashboardServices.SocketSuffix.Length];
        try
        {
            var status = (await AskAsync(socket, ControlVerb.Status, cancellation)).Status;
            var history = (await AskAsync(socket, ControlVerb.History, cancellation)).History;
            return new(pidFile, status, history ?? []);
        }
        catch (CliException e) when (e.InnerException is ControlException
        { Failure: ControlFailure.SocketMissing or ControlFailure.NobodyListens or ControlFailure.DaemonGone }
            && File.Exists(HistoryFile.Find(pidFile)))
        {
            try
            {
                return new(pidFile, null, HistoryFile.TryRead(HistoryFile.Find(pidFile)) ?? []);
            }
            catch (IOException unreadable)
            {
                throw new CliException(CliExitCode.Failed, $"{e.Message} Its history cannot be read: {unreadable.Message}");
            }
        }
    }

    private async Task<ControlEvent> AskAsync(string socket, ControlVerb verb, CancellationToken cancellation)
    {
        try
        {
            var client = new ControlClient(socket, console.Time) { FirstEventTimeout = AnswerLimit, Timeout = AnswerLimit };
            var last = await client.AskLastAsync(new(verb), cancellation: cancellation);
            return last.Kind != "error" ? last
                : throw new CliException(CliExitCode.Failed, TerminalText.Line(last.Message ?? "No reason given."));
        }
        catch (ControlException e)
        {
            var address = new DaemonAddress(socket, socket[..^DashboardServices.SocketSuffix.Length]);
            throw new CliException(CliExitCode.Failed, DaemonLocator.Explain(address, e), e);
        }
    }
}
