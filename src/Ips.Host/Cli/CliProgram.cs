using System.CommandLine;
using Ips.Host.Configuration;

namespace Ips.Host.Cli;

/// <summary>The command <c>ips</c>, composed.</summary>
internal static class CliProgram
{
    /// <summary>Carries out a command line and answers the exit code.</summary>
    /// <param name="args">The arguments of <c>Main</c>.</param>
    /// <param name="serve">Serves until the daemon ends, and answers its exit code.</param>
    /// <param name="supervise">Stays as the parent of the daemon, and answers its exit code.</param>
    /// <param name="rollOut">Carries out a rollout.</param>
    /// <param name="more">Verbs of the rooms above this one.</param>
    internal static async Task<int> RunAsync(
        IReadOnlyList<string> args, Func<DaemonSettings, CancellationToken, Task<int>> serve,
            Func<DaemonSettings, CancellationToken, Task<int>> supervise,
            Func<CliConsole, RolloutCommand, CancellationToken, Task<int>> rollOut, Func<CliConsole, IEnumerable<Command>> more)
    {
        var console = new CliConsole(CliStream.Output(), CliStream.Error(), LogicalDirectory.Current(), TimeProvider.System);
        var actions = new CliActions(console, serve, new PosixDaemonLauncher(), () => SelfCommand.OfThisProcess(args.Count), supervise,
            RunAs.TryEnter, rollOut);
        var install = new InstallUnitsAction(console, () => SelfCommand.OfThisProcess(args.Count));
        var store = new StoreOptionSet(LogicalDirectory.Current, () => new CliInput(Console.OpenStandardInput()), CliStream.OpenOutput);
        var root = RootCommandFactory.Create(actions, [.. store.Verbs(), .. more(console), install.Verb()]);
        // A daemon and an agent take the signals themselves.
        using var interruption = args is ["run" or "agent" or SupervisedArguments.Verb, ..] ? null : Interruption.OfSignals();
        return await CliParser.InvokeAsync(root, args, console.Output, console.Error, interruption);
    }
}
