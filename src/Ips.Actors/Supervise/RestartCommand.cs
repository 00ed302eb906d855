using Ips.Actors.Launch;
using Ips.Actors.Lifecycle;

namespace Ips.Actors.Supervise;

/// <summary>How a service that has crashed is started again.</summary>
[SupportedOSPlatform("linux")]
internal static class RestartCommand
{
    /// <summary>The command of a release, or the one that the service was started by.</summary>
    /// <param name="command">How the service was started.</param>
    /// <param name="release">The release to start, its links followed; null, or one that is gone, for what is at the path of
    /// <paramref name="command"/> now.</param>
    /// <param name="environmentFile">The file that a reload reads into the environment (<c>ips.reload.env-file</c>); null for none.</param>
    /// <param name="tellFault">Told why that file could not be read: a service that is down must not stay down for it.</param>
    public static StartCommand Of(StartCommand command, LastGoodRelease? release, string? environmentFile,
        Action<string> tellFault)
    {
        var environment = new Dictionary<string, string>(command.Environment, StringComparer.Ordinal)
        {
            [LastGoodFile.AloneVariable.Key] = LastGoodFile.AloneVariable.Value, // whom the first one took over from is gone
        };
        if (environmentFile is not null)
        {
            try
            {
                EnvironmentFile.Apply(environmentFile, environment);
            }
            catch (IOException e)
            {
                tellFault(e.Message);
            }
        }

        if (release is null || !File.Exists(release.FileName))
        {
            return command with { Environment = environment };
        }

        var (name, value) = LastGoodFile.CommandVariable(release); // a later reload follows the links again
        environment[name] = value;
        var directory = Directory.Exists(release.WorkingDirectory) ? release.WorkingDirectory : "/";
        environment["PWD"] = directory;
        return new StartCommand(release.FileName, [release.FileName, .. release.Arguments], directory, environment);
    }
}
