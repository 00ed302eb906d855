using System.CommandLine;
using System.CommandLine.Parsing;
using Ips.Fleet.Security;
using Ips.Host.Cli;

namespace Ips.Host.Fleet;

/// <summary><c>ips agent</c>: runs the agent of this node, and makes the files of one.</summary>
/// <param name="console">Where it prints.</param>
internal sealed class AgentVerb(CliConsole console)
{
    /// <summary>The verb.</summary>
    internal Command Verb()
    {
        var config = CliOptions.Text("--config", "FILE",
            "The agent's configuration. Default: /etc/ips/agent.conf for root, else ~/.config/ips/agent.conf.");
        var command = new Command("agent", "Run the agent of this node, which reloads its services for 'ips reload --fleet'. If it dies, "
            + "the services are not affected.") { config, Init(), Add() };
        command.SetAction((result, _) => AgentProcess.RunAsync(AgentFile.Load(result.GetValue(config), console.Directory), console.Time));
        return command;
    }

    private Command Init()
    {
        var node = new NodeOptions();
        var folder = CliOptions.Text("--into", "FOLDER", "The folder for the files. Default: /etc/ips for root, else ~/.config/ips.");
        var command = new Command("init", "Make a fleet: its CA, and key, certificate and configuration of its first agent.") { folder };
        node.AddTo(command);
        command.SetAction(result => Reporting(() => AgentWizard.Init(
            Path.GetFullPath(result.GetValue(folder) ?? Path.GetDirectoryName(AgentFile.Default)!, console.Directory),
            node.Read(result, console.Directory), console.Time.GetUtcNow())));
        return command;
    }

    private Command Add()
    {
        var node = new NodeOptions();
        var (folder, ca) = (CliOptions.Text("--into", "FOLDER", "The folder to make. Default: the node's name."),
            CliOptions.Text("--ca", "FOLDER", "The folder with the fleet's CA, fleet-ca."));
        ca.Required = true;
        var seeds = new Option<string[]>("--seed")
        {
            Description = "The address of an agent to join by. Repeatable.",
            HelpName = "HOST:PORT",
            Required = true,
        };
        var command = new Command("add", "Make a folder with the files of another agent; copy it to its node.") { folder, ca, seeds };
        node.AddTo(command);
        command.SetAction(result => Reporting(() =>
        {
            var made = node.Read(result, console.Directory) with { Seeds = [.. result.GetRequiredValue(seeds).Select(Address)] };
            return AgentWizard.Add(Path.GetFullPath(result.GetRequiredValue(ca), console.Directory),
                Path.GetFullPath(result.GetValue(folder) ?? made.Name, console.Directory), made, console.Time.GetUtcNow());
        }));
        return command;
    }

    private async Task<int> Reporting(Func<string> make)
    {
        try
        {
            await console.Output.WriteLineAsync(make());
            return CliExitCode.Ok;
        }
        catch (FleetFileException e)
        {
            throw new CliException(CliExitCode.Failed, e.Message, e);
        }
    }

    private static FleetAddress Address(string text) => FleetAddress.Parse(text, out var fault)
        ?? throw new CliException(CliExitCode.Configuration, $"'{CliOptions.Shown(text)}' is not the address of an agent: {fault}.");

    private sealed class NodeOptions
    {
        private readonly Argument<string> _name = new("name") { Description = "The node's name, such as web-1.", HelpName = "NAME" };

        private readonly Argument<string> _address = new("address")
        {
            Description = "What other agents dial, such as 10.0.0.11:4747; also where this one listens.",
            HelpName = "HOST:PORT",
        };

        private readonly Option<string[]> _fleets = new("--fleet")
        {
            Description = "A service of the node: its fleet and PID file, and for releases by name the folder with current and releases/. "
                + "Repeatable. None for a witness.",
            HelpName = "NAME=PIDFILE[,FOLDER]",
        };

        internal void AddTo(Command command)
        {
            command.Add(_name);
            command.Add(_address);
            command.Add(_fleets);
        }

        internal WizardNode Read(ParseResult result, string directory) => new(result.GetRequiredValue(_name),
            Address(result.GetRequiredValue(_address)), [], [.. (result.GetValue(_fleets) ?? []).Select(text => Service(text, directory))]);

        private static (string Fleet, string PidFile, string? Into) Service(string text, string directory)
        {
            if (text.Split('=', 2) is not [{ Length: > 0 } fleet, { Length: > 0 } paths])
            {
                throw new CliException(CliExitCode.Configuration,
                    $"--fleet is '{CliOptions.Shown(text)}'; it must be NAME=PIDFILE or NAME=PIDFILE,FOLDER.");
            }

            var parts = paths.Split(',', 2);
            return (fleet, Path.GetFullPath(parts[0], directory), parts.Length > 1 ? Path.GetFullPath(parts[1], directory) : null);
        }
    }
}
