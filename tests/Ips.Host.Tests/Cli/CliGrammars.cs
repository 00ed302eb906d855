using System.CommandLine;
using Ips.Host.Cli;
using Ips.Host.Dashboard;
using Ips.Host.Fleet;

namespace Ips.Host.Tests.Cli;

/// <summary>The command line as the program composes it, without its processes.</summary>
internal static class CliGrammars
{
    /// <summary>All of it. A daemon that serves ends at once, and one that is to be launched cannot be.</summary>
    /// <param name="folder">The current directory.</param>
    /// <param name="output">What is printed.</param>
    /// <param name="error">What is wrong.</param>
    /// <param name="input">Standard input.</param>
    internal static RootCommand Whole(string folder = "/", TextWriter? output = null, TextWriter? error = null, Func<Stream>? input = null)
    {
        var console = new CliConsole(output ?? TextWriter.Null, error ?? TextWriter.Null, folder, TimeProvider.System);
        var launcher = new FakeLauncher(_ => throw new IOException("not in this test"));
        var actions = new CliActions(console, (_, _) => Task.FromResult(0), launcher, () => new("/srv/ips", []), (_, _) =>
            Task.FromResult(0), _ => null, (own, command, token) => new RolloutAction(own).RunAsync(command, token));
        var store = new StoreOptionSet(() => folder, input ?? (() => new MemoryStream()), () => new MemoryStream());
        return RootCommandFactory.Create(actions, [.. store.Verbs(), new DashboardVerb(console, () => []).Verb(),
            new FleetVerb(console).Verb(), new AgentVerb(console).Verb(),
            new InstallUnitsAction(console, () => new("/srv/ips", [])).Verb()]);
    }
}
