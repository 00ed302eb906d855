using Ips.Actors.Diagnostics;
using Ips.Actors.Launch;
using Ips.Actors.Lifecycle;
using Ips.Host.Configuration;

namespace Ips.Host.Cli;

/// <summary><c>ips start --last-good</c>: launches the release that last came to serve for good, whatever is in place now.</summary>
internal sealed class LastGoodStart(
    CliConsole console, IDaemonLauncher launcher, Func<DaemonSettings, (string Message, ExitCode Code)?>? enter)
{
    /// <summary>Launches it.</summary>
    /// <exception cref="CliException">None is known, it is gone, or it could not be launched.</exception>
    internal async Task<int> RunAsync(StartCommand command, CancellationToken cancellation)
    {
        // The configuration may be the very thing that is broken; it only says where the files are. The daemon judges it for itself.
        var settings = DaemonLocator.Find(new DaemonTarget { Daemon = command.Daemon }, console.Directory).Settings;
        settings.Ips.LogFile ??= SettingsLoader.DefaultLogPath(settings);
        if (RunAs.ConfigurationFault(settings) is { } fault) throw new CliException(CliExitCode.Configuration, fault);
        var path = LastGoodFile.Find(settings.Ips.PidFile!);
        var user = Privileges.IsRoot ? settings.User : null;
        var release = Read(path, user) ?? throw new CliException(CliExitCode.Failed,
            $"No last good release is known: there is no {path}, or it holds something else. Start one that is in place with 'ips start'.");
        if (!File.Exists(release.FileName))
        {
            throw new CliException(CliExitCode.Failed,
                $"The last good release {TerminalText.Line(release.Release)} is gone: there is no {TerminalText.Line(release.FileName)}, "
                    + $"which {path} names.");
        }

        // What the service user may have named is started with that user's rights: this program starts anew as the user, and comes here
        // again.
        if (user is not null && enter?.Invoke(settings) is var (message, code)) throw new CliException((int)code, message);
        await console.Error.WriteLineAsync(
            $"ips: starting release {TerminalText.Line(release.Release)}, which served from "
                + $"{release.Since.UtcDateTime:yyyy-MM-ddTHH:mm:ssZ} on: "
            + TerminalText.Line(release.FileName));
        var folder = Directory.Exists(release.WorkingDirectory) ? release.WorkingDirectory : "/";
        var environment = StartAction.Variables(folder);
        var (variable, value) = LastGoodFile.CommandVariable(release);
        environment[variable] = value; // or the next reload would start this release once more, whatever is in place then
        environment[SettingsLoader.DefaultLogVariable] = SettingsLoader.DefaultLogPath(settings);
        environment[LastGoodFile.AloneVariable.Key] = LastGoodFile.AloneVariable.Value; // it may have begun as a takeover
        var launch = new DaemonLaunch(release.FileName, release.Arguments, environment,
            Privileges.PassOn(environment))
        { WorkingDirectory = folder };
        return await new StartAction(console, launcher, new(release.FileName, [])).RunAsync(command, settings, launch, cancellation);
    }

    private static Ips.Actors.Lifecycle.LastGoodRelease? Read(string path, string? user)
    {
        try
        {
            return LastGoodFile.TryRead(path, user);
        }
        catch (IOException e)
        {
            throw new CliException(CliExitCode.Failed,
                $"The last good release is not started from {path}: "
                    + e.Message + (user is null && Privileges.IsRoot
                        ? " With ips.user (--user) what that user has named is started as that user." : ""));
        }
    }
}
