using Ips.Actors.Control;
using Ips.Actors.Diagnostics;
using Spectre.Console;

namespace Ips.Host.Cli.Live;

/// <summary><c>ips top</c>: the service as it is now, until ^C.</summary>
internal sealed class TopAction(CliConsole console)
{
    /// <summary>Shows it.</summary>
    /// <exception cref="CliException">It cannot be watched.</exception>
    public async Task<int> RunAsync(TopCommand command, CancellationToken cancellation)
    {
        var (address, _) = DaemonLocator.Find(command.Target, console.Directory, follow: true);
        if (address.Note is { } note) await console.Error.WriteLineAsync(TerminalText.Line(note));
        var snapshots = new WatchFollower(
            () => new ControlClient(address.SocketPath, console.Time) { Timeout = WatchFollower.Longest }, command.Interval, console.Time);
        try
        {
            if (!command.Json && LiveBlock.Terminal(error: false) is { } terminal)
            {
                await terminal.Live(new Text("")).StartAsync(async live =>
                {
                    await foreach (var snapshot in snapshots.FollowAsync(cancellation)) live.UpdateTarget(LiveText.Draw(snapshot));
                });
            }
            else
            {
                await foreach (var snapshot in snapshots.FollowAsync(cancellation))
                {
                    await console.Output.WriteLineAsync(command.Json
                        ? System.Text.Json.JsonSerializer.Serialize(snapshot, ControlJson.Default.WatchSnapshot) : LiveText.Line(snapshot));
                }
            }

            return CliExitCode.Ok;
        }
        catch (OperationCanceledException)
        {
            return CliExitCode.Ok; // ^C is how it ends
        }
        catch (ControlException e)
        {
            throw new CliException(CliExitCode.Failed, DaemonLocator.Explain(address, e), e);
        }
        catch (NotSupportedException e)
        {
            throw new CliException(CliExitCode.Failed,
                $"The running daemon is of a release that cannot be watched ({TerminalText.Line(e.Message)}). 'ips status' works.");
        }
    }
}
