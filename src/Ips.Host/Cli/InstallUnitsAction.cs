using System.CommandLine;
using Ips.Actors.Configuration;
using Ips.Actors.Posix;

namespace Ips.Host.Cli;

/// <summary><c>ips install-units</c>: writes the unit files for the program as it was called, so that a link in its path is followed anew
/// at each reload.</summary>
internal sealed class InstallUnitsAction(CliConsole console, Func<SelfCommand> self)
{
    private const UnixFileMode Readable = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    /// <summary>The verb.</summary>
    internal Command Verb()
    {
        var prefix = CliOptions.Text("--prefix", "DIR",
            "The installation prefix: writes DIR/lib/systemd/system/ips.service, ips.socket and so on. systemd reads /usr/local and /usr.");
        prefix.Required = true;
        var command = new Command("install-units", "Write the systemd units for this program, their user and a logrotate file, and print "
            + "the paths. Starts nothing.") { prefix };
        command.SetAction(result => InstallAsync(FilePaths.Resolve(console.Directory, result.GetRequiredValue(prefix))));
        return command;
    }

    private async Task<int> InstallAsync(string prefix)
    {
        var program = self();
        List<(string Path, string Text)> files = [.. UnitFiles.For(program)];
        if (UnitFiles.HidingFault(files[0].Text, [program.FileName, .. program.Prefix], LinkTarget) is { } fault)
        {
            await console.FailAsync(fault);
            return CliExitCode.Failed;
        }

        try
        {
            foreach (var (path, text) in files)
            {
                var file = Path.Combine(prefix, path);
                Directory.CreateDirectory(Path.GetDirectoryName(file)!);
                await File.WriteAllTextAsync(file, text);
                File.SetUnixFileMode(file, Readable); // whatever the umask is: systemd complains of others
                await console.Output.WriteLineAsync(file);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            await console.FailAsync($"The units cannot be written below {CliOptions.Shown(prefix)}: {Wording.FileFault(e, prefix)}.");
            return CliExitCode.Failed;
        }

        await console.Error.WriteLineAsync(
            "Next: systemd-sysusers && systemctl daemon-reload && systemctl enable --now ips.service (and ips.socket, if systemd is to "
            + "hold the sockets; and ips-agent.service, if this machine is a node of a fleet).");
        return CliExitCode.Ok;
    }

    // Where the links of a path lead, as systemd will follow them; the path itself where that cannot be seen.
    private static string LinkTarget(string path)
    {
        if (!File.Exists(path)) return path;
        var resolved = RealPath.Of(path);
        return File.Exists(resolved) ? resolved : path;
    }
}
