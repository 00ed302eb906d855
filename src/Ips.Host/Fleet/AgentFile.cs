using Ips.Actors.Posix;
using Ips.Fleet.Cluster;
using Ips.Fleet.Security;
using Ips.Host.Cli;

namespace Ips.Host.Fleet;

/// <summary>The configuration of this node's agent.</summary>
internal static class AgentFile
{
    /// <summary>Reads it.</summary>
    /// <param name="given">The file; null for where it is by default.</param>
    /// <param name="directory">For a relative path.</param>
    /// <exception cref="CliException">It is missing, or wrong.</exception>
    internal static AgentOptions Load(string? given, string directory)
    {
        var file = given is null ? Default : Path.GetFullPath(given, directory);
        string text;
        try
        {
            text = FleetFiles.Read(file, "the configuration of an agent", secret: false);
        }
        catch (FleetFileException e)
        {
            throw new CliException(CliExitCode.Configuration, $"{e.Message.TrimEnd('.')}. 'ips agent init' makes one.", e);
        }

        return AgentOptionsParser.Parse(text, Path.GetDirectoryName(file)!, out var problems)
            ?? throw new CliException(CliExitCode.Configuration, $"{file}: {string.Join($"{Environment.NewLine}{file}: ", problems)}");
    }

    /// <summary>Where it is by default.</summary>
    internal static string Default => ProcessAttributes.EffectiveUserId == 0 ? "/etc/ips/agent.conf"
        : Path.Combine(Environment.GetEnvironmentVariable("XDG_CONFIG_HOME") is { Length: > 0 } home ? home
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".config"), "ips", "agent.conf");
}
