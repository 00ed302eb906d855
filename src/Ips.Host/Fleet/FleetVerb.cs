using System.CommandLine;
using System.Text.Json;
using Ips.Fleet.Agents;
using Ips.Fleet.Rollouts;
using Ips.Fleet.Wire;
using Ips.Host.Cli;

namespace Ips.Host.Fleet;

/// <summary><c>ips fleet</c>: looks at a fleet by the agent of this node, and steers its rollout.</summary>
/// <param name="console">Where it prints.</param>
internal sealed class FleetVerb(CliConsole console)
{
    /// <summary>The verb.</summary>
    internal Command Verb() => new("fleet", "Look at a fleet of daemons, and steer its rollout, through the agent of this node.")
    {
        Look("status", "Show every node of the fleet, and the rollout in progress.", view => FleetText.Write(view),
            view => JsonSerializer.Serialize(view, FleetJson.Default.FleetView)),
        Look("history", "Show past rollouts of the fleet, newest last.", view => FleetText.History(view.History),
            view => JsonSerializer.Serialize(view.History, FleetJson.Default.IReadOnlyListRolloutReceipt)),
        Plan(),
        Steer("pause", "Let the nodes of this wave finish, and begin no other.", RolloutAim.Pause),
        Steer("resume", "Undo 'ips fleet pause'.", RolloutAim.Advance),
        Abort(),
        Forget(),
    };

    private Command Look(string name, string description, Func<FleetView, string> text, Func<FleetView, string> json)
    {
        var (command, fleet, agent, asJson) = Base(name, description);
        command.SetAction(async (result, token) =>
        {
            using var client = Client(result.GetValue(agent));
            var answer = await client.LookAsync(result.GetRequiredValue(fleet), token);
            if (answer.Refusal is { } refusal) throw new CliException(CliExitCode.Failed, Sentence(refusal));
            await console.Output.WriteLineAsync(result.GetValue(asJson) ? json(answer.View) : text(answer.View));
            return CliExitCode.Ok;
        });
        return command;
    }

    private Command Plan()
    {
        var (command, fleet, agent, asJson) = Base("plan", "Check the release on every node, and show the waves. Changes nothing.");
        var options = new FleetOptionSet();
        options.AddTo(command);
        command.SetAction((result, token) => new RolloutAction(console).RunAsync(new RolloutCommand(result.GetRequiredValue(fleet),
            options.Read(result) with { ChecksOnly = true }, result.GetValue(agent), result.GetValue(asJson)), token));
        return command;
    }

    private Command Steer(string name, string description, RolloutAim aim)
    {
        var (command, fleet, agent, asJson) = Base(name, description);
        command.SetAction((result, token) => SteerAsync(result.GetRequiredValue(fleet), aim, result.GetValue(agent),
            result.GetValue(asJson), token));
        return command;
    }

    private Command Abort()
    {
        var (command, fleet, agent, asJson) = Base("abort", "Let the nodes of this wave finish, and end the rollout.");
        var rollback = new Option<bool>("--rollback") { Description = "Take the promoted nodes back, newest first." };
        command.Add(rollback);
        command.SetAction((result, token) => SteerAsync(result.GetRequiredValue(fleet),
            result.GetValue(rollback) ? RolloutAim.RollBack : RolloutAim.Halt, result.GetValue(agent), result.GetValue(asJson), token));
        return command;
    }

    private Command Forget()
    {
        var (command, fleet, agent, asJson) = Base("forget", "Drop a node that does not come back from the nodes that are known.");
        var node = new Argument<string>("node") { Description = "The node's name.", HelpName = "NODE" };
        command.Add(node);
        command.SetAction(async (result, token) =>
        {
            using var client = Client(result.GetValue(agent));
            var answer = await client.ForgetAsync(
                new FleetMessage.Forget(result.GetRequiredValue(fleet), result.GetRequiredValue(node)), token);
            return await DoneAsync(answer, result.GetValue(asJson));
        });
        return command;
    }

    private async Task<int> SteerAsync(string fleet, RolloutAim aim, string? agent, bool json, CancellationToken cancellation)
    {
        using var client = Client(agent);
        return await DoneAsync(await client.SteerAsync(new FleetMessage.Steer(fleet, aim, ""), cancellation), json);
    }

    private async Task<int> DoneAsync(FleetMessage.Answer answer, bool json)
    {
        if (answer.Refusal is { } refusal) throw new CliException(CliExitCode.Failed, Sentence(refusal));
        await console.Output.WriteLineAsync(json ? JsonSerializer.Serialize(answer.View, FleetJson.Default.FleetView)
            : FleetText.Write(answer.View));
        return CliExitCode.Ok;
    }

    private FleetClient Client(string? agent) => new(AgentFile.Load(agent, console.Directory).Socket);

    private static (Command Command, Argument<string> Fleet, Option<string> Agent, Option<bool> Json) Base(string name, string description)
    {
        var fleet = new Argument<string>("fleet") { Description = "The fleet's name.", HelpName = "FLEET" };
        var agent = RootCommandFactory.AgentOption();
        var json = new Option<bool>("--json") { Description = "Print the result as one line of JSON." };
        return (new Command(name, description) { fleet, agent, json }, fleet, agent, json);
    }

    private static string Sentence(string text) => $"{char.ToUpperInvariant(text[0])}{text[1..].TrimEnd('.')}.";
}
