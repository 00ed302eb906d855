using System.Text.Json;
using Ips.Fleet.Agents;
using Ips.Fleet.Rollouts;
using Ips.Fleet.Wire;
using Ips.Host.Cli;
using Ips.Host.Cli.Live;
using Spectre.Console;

namespace Ips.Host.Fleet;

/// <summary><c>ips reload --fleet</c> and <c>ips fleet plan</c>: begins a rollout by the agent of this node, and shows it to its
/// end.</summary>
/// <remarks>The rollout does not depend on this process: interrupted, it continues.</remarks>
internal sealed class RolloutAction(CliConsole console)
{
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(500), Patience = TimeSpan.FromMinutes(2);

    private readonly Dictionary<string, string> _told = [];
    private FleetView? _view;

    /// <summary>Carries it out.</summary>
    /// <exception cref="CliException">It was not begun, or its end cannot be seen.</exception>
    internal async Task<int> RunAsync(RolloutCommand command, CancellationToken cancellation)
    {
        using var client = new FleetClient(AgentFile.Load(command.Agent, console.Directory).Socket);
        var id = $"r{console.Time.GetUtcNow():yyyyMMddHHmmss}-{Guid.NewGuid():N}"[..24];
        var answer = await client.BeginAsync(new FleetMessage.Begin(id, command.Fleet, command.Terms, ""), cancellation);
        if (answer.Refusal is { } refusal)
            throw new CliException(CliExitCode.ReloadRefused, $"The rollout was not begun: {refusal.TrimEnd('.')}. Nothing was changed.");
        var ending = EndAsync(client, command.Fleet, id, cancellation);
        if (!command.Json && LiveBlock.Terminal(error: true) is { } terminal)
        {
            await LiveBlock.WaitAsync(terminal, () => new Text(_view is { } view ? FleetText.Write(view) : ""), ending);
        }

        var receipt = await ending;
        await console.Output.WriteLineAsync(command.Json ? JsonSerializer.Serialize(receipt, FleetJson.Default.RolloutReceipt)
            : FleetText.Write(receipt));
        return receipt.Outcome switch
        {
            RolloutOutcome.Done or RolloutOutcome.Checked => CliExitCode.Ok,
            RolloutOutcome.Halted => CliExitCode.HaltedHalfway,
            _ => CliExitCode.ReloadRefused,
        };
    }

    // A coordinator that is lost is replaced within seconds, and the rollout continues.
    private async Task<RolloutReceipt> EndAsync(FleetClient client, string fleet, string id, CancellationToken cancellation)
    {
        for (var heard = console.Time.GetTimestamp(); ;)
        {
            FleetView? view = null;
            try
            {
                view = (await client.LookAsync(fleet, cancellation)).View;
                heard = console.Time.GetTimestamp();
            }
            catch (CliException) when (console.Time.GetElapsedTime(heard) < Patience)
            {
                // It is asked again.
            }

            if (view is not null)
            {
                Show(view);
                if (view.History.FirstOrDefault(receipt => receipt.Plan.Id == id) is { } receipt) return receipt;
                if (view is { Rollout: null, Phase: null })
                    throw new CliException(CliExitCode.Failed,
                        $"The fleet no longer knows the rollout {id}. 'ips fleet history' shows what it knows.");
            }

            await Task.Delay(LookInterval, console.Time, cancellation);
        }
    }

    private void Show(FleetView view)
    {
        var draws = LiveBlock.CanDraw(Console.IsErrorRedirected, Environment.GetEnvironmentVariable("TERM"));
        _view = view;
        if (view.Rollout is null) return;
        foreach (var node in view.Nodes.Where(node => node.Wave is not null && _told.GetValueOrDefault(node.Node) != node.State))
        {
            _told[node.Node] = node.State;
            if (!draws) console.Error.WriteLine($"{node.Node}: {node.State}{(node.Reason is { } reason ? $": {reason}" : "")}");
        }
    }
}
