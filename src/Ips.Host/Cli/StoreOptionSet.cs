using System.CommandLine;
using Ips.Host.Configuration;
using Ips.Host.Inventory;
using Ips.Host.Cli.Commands;

namespace Ips.Host.Cli;

/// <summary>The options of the verbs that work on the inventory itself. They find it as the daemon of the same configuration
/// does.</summary>
/// <param name="currentDirectory">The logical current directory, asked when a verb runs.</param>
/// <param name="input">Opens standard input.</param>
/// <param name="output">Opens standard output for what is no text; a failure of it is a <see cref="CliException"/>.</param>
internal sealed class StoreOptionSet(Func<string> currentDirectory, Func<Stream> input, Func<Stream> output)
{
    private readonly Option<string> _config = CliOptions.Text("--config", "FILE",
        "The daemon's configuration file, where ips.store names the inventory. Default: none.");
    private readonly Option<string> _directory = CliOptions.Text("--directory", "DIR",
        $"The daemon's directory, where the inventory is {InventoryOptions.DefaultFile} unless the configuration names another file. "
            + $"Default: the current one.");

    /// <summary>The verbs <c>import</c>, <c>export</c>, <c>sample</c> and <c>key</c>, with these options.</summary>
    internal IEnumerable<Command> Verbs()
    {
        _config.Recursive = _directory.Recursive = true; // for key add and its kind
        foreach (var command in new InventoryCommands(Read, currentDirectory, input, output).Create())
        {
            command.Add(_config);
            command.Add(_directory);
            yield return command;
        }
    }

    /// <summary>Where the inventory lies.</summary>
    /// <exception cref="CliException">The configuration is wrong.</exception>
    private InventoryOptions Read(ParseResult result)
    {
        var arguments = new DaemonArguments { Config = result.GetValue(_config), Directory = result.GetValue(_directory) };
        var (settings, problems) = SettingsLoader.Load(arguments, currentDirectory(), needsLogFile: false);
        return problems.Count == 0 ? settings.Store : throw new CliException(CliExitCode.Configuration, SettingsLoader.Describe(problems));
    }
}
