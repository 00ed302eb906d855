using System.Text.Json;
using Ips.Actors.Control;
using Ips.Host.Cli;
using Ips.Host.Configuration;

namespace Ips.Host.Dashboard;

/// <summary>Carries out the buttons, by the verbs that the command line has: it asks the control socket, as the user may anyway.</summary>
/// <param name="streams">The pages, which are told what came of it.</param>
/// <param name="time">The clock.</param>
internal sealed class DashboardOrders(DashboardStreams streams, TimeProvider time)
{
    /// <summary>The most that are carried out at a time.</summary>
    internal const int Most = 4;

    private int _running;

    /// <summary>Begins to carry out a button.</summary>
    /// <param name="order">The button.</param>
    /// <param name="socketPath">The control socket of the service.</param>
    /// <param name="cancellation">Ends the wait; the service goes on with what it was asked to do.</param>
    /// <returns>Null if there is no such button; false if too many are carried out.</returns>
    internal bool? TryBegin(PageOrder order, string socketPath, CancellationToken cancellation)
    {
        // The client finds the socket by its PID file. It answers as JSON: for a person it would draw on the terminal of this command.
        var target = new DaemonTarget
        {
            Daemon = new DaemonArguments { PidFile = socketPath[..^DashboardServices.SocketSuffix.Length], Directory = "/" },
        };
        Func<ClientActions, Task<int>>? verb = order.Verb switch
        {
            "reload" => client => client.ReloadAsync(new(target, Json: true, Timeout: null), cancellation),
            "check" => client => client.ReloadAsync(new(target, Json: true, Timeout: null, Check: true), cancellation),
            "pause" => client => client.PauseAsync(new(target, Paused: true), cancellation),
            "resume" => client => client.PauseAsync(new(target, Paused: false), cancellation),
            _ => null,
        };
        if (verb is null) return null;
        if (Interlocked.Increment(ref _running) > Most)
        {
            Interlocked.Decrement(ref _running);
            return false;
        }

        _ = RunAsync(order, verb);
        return true;
    }

    private async Task RunAsync(PageOrder order, Func<ClientActions, Task<int>> verb)
    {
        try
        {
            Tell(order, "running", "");
            using var output = new StringWriter();
            using var progress = new StringWriter();
            var code = await verb(new ClientActions(new CliConsole(output, progress, "/", time)));
            Tell(order, code == CliExitCode.Ok ? "done" : "failed", Words(output.ToString().Trim()));
        }
        catch (CliException e)
        {
            Tell(order, "failed", e.Message);
        }
        catch (OperationCanceledException)
        {
            // the page ends with the command
        }
        finally
        {
            Interlocked.Decrement(ref _running);
        }
    }

    private static string Words(string said) =>
        said.StartsWith('{') && JsonSerializer.Deserialize(said, ControlJson.Default.ReloadReceipt) is { } receipt
            ? ReceiptText.Write(receipt with { Output = null }) : said;

    private void Tell(PageOrder order, string state, string text) =>
        streams.Publish(DashboardJson.Event("action", new PageAction(order.Service, order.Verb, state, text)));
}
