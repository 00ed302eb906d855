using Ips.Actors.Hosting;
using Ips.Host.Configuration;

namespace Ips.Host.Cli;

/// <summary><c>ips start --last-good</c>: launches the release that last came to serve for good, whatever is in place now.</summary>
internal sealed class LastGoodStart(CliConsole console, IDaemonLauncher launcher)
{
    /// <summary>Launches it.</summary>
    /// <exception cref="CliException">None is known, it is gone, or it could not be launched.</exception>
    internal async Task<int> RunAsync(StartCommand command, CancellationToken cancellation)
    {
        // The configuration may be the very thing that is broken; it only says where the files are. The daemon judges it for itself.
        var settings = DaemonLocator.Find(new DaemonTarget { Daemon = command.Daemon }, console.Directory).Settings;
        settings.Ips.LogFile ??= Ips.Actors.Configuration.FilePaths.Resolve(settings.Directory, SettingsLoader.DefaultLogFile);
        var path = LastGoodFile.PathBeside(settings.Ips.PidFile!);
        var release = Read(path) ?? throw new CliException(CliExitCode.Failed,
            $"No last good release is known: there is no {path}, or it holds something else. Start one that is in place with 'ips start'.");
        if (!File.Exists(release.FileName))
            throw new CliException(CliExitCode.Failed, $"The last good release {release.Release} is gone: there is no {release.FileName}, which {path} names.");

        await console.Error.WriteLineAsync(
            $"ips: starting release {release.Release}, which served from {release.Since.UtcDateTime:yyyy-MM-ddTHH:mm:ssZ} on: {release.FileName}");
        var folder = Directory.Exists(release.WorkingDirectory) ? release.WorkingDirectory : "/";
        var environment = StartAction.Variables(folder);
        var (variable, value) = LastGoodFile.CommandVariable(release);
        environment[variable] = value; // or the next reload would start this release once more, whatever is in place then
        environment[LastGoodFile.AloneVariable.Key] = LastGoodFile.AloneVariable.Value; // it may have begun as a takeover
        var launch = new DaemonLaunch(release.FileName, release.Arguments, environment, []) { WorkingDirectory = folder };
        return await new StartAction(console, launcher, new(release.FileName, [])).RunAsync(command, settings, launch, cancellation);
    }

    private static Ips.Actors.Control.LastGoodRelease? Read(string path)
    {
        try
        {
            return LastGoodFile.TryRead(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CliException(CliExitCode.Failed, $"The last good release cannot be read from {path}: {e.Message}");
        }
    }
}
