using System.Globalization;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Processes;
using Mono.Unix.Native;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests.Files;

/// <summary>Root, the user that the service runs as, and a stranger: real user ids, in a folder that the service user owns.</summary>
public abstract class RightsTest(ITestOutputHelper output) : ProcessTest(output)
{
    private protected const string ServiceUser = "nobody";
    private protected const int ServiceUserId = 65534, StrangerId = 65533;
    private protected const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private protected const UnixFileMode GroupReads = OwnerOnly | UnixFileMode.GroupRead;
    private protected const UnixFileMode AllRead = GroupReads | UnixFileMode.OtherRead;
    private protected const UnixFileMode OpenFolder = (UnixFileMode)0b111_101_101;
    private protected const string Untouched = "root's own\n";

    private readonly List<DaemonProcess> _others = [];

    /// <inheritdoc/>
    public override Task InitializeAsync()
    {
        File.SetUnixFileMode(Folder, OpenFolder); // the others must be able to look into the test's folder
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public override async Task DisposeAsync()
    {
        foreach (var other in _others) await other.DisposeAsync();
        await base.DisposeAsync();
    }

    /// <summary>A daemon in a folder that the service user owns.</summary>
    private protected Service PrepareForUser(ServiceSettings? settings = null)
    {
        var service = Prepare(settings ?? new ServiceSettings(ServiceKind.Daemon) { User = ServiceUser });
        Give(service.Folder, ServiceUserId);
        return service;
    }

    /// <summary>A folder that only root may write to, and a file in it if there is to be one: what a lesser user would like root to
    /// touch.</summary>
    private protected string Victim(bool exists)
    {
        var folder = Directory.CreateDirectory(Path.Combine(Folder, "roots")).FullName;
        var file = Path.Combine(folder, "victim");
        if (exists)
        {
            File.WriteAllText(file, Untouched);
            File.SetUnixFileMode(file, AllRead);
        }

        return file;
    }

    /// <summary>That file is as it was.</summary>
    private protected static void AssertUntouched(string victim, bool exists)
    {
        Assert.Equal(exists ? [victim] : Array.Empty<string>(), Directory.GetFileSystemEntries(Path.GetDirectoryName(victim)!));
        if (!exists) return;
        Assert.Equal(Untouched, File.ReadAllText(victim));
        Assert.Equal(AllRead, File.GetUnixFileMode(victim));
        Assert.Equal(0, OwnerOf(victim));
    }

    /// <summary>Makes a symbolic link as the service user would.</summary>
    private protected static void LinkAsUser(string path, string target)
    {
        File.CreateSymbolicLink(path, target);
        Give(path, ServiceUserId);
    }

    private protected static void MakeFifo(string path, int owner)
    {
        Assert.Equal(0, Syscall.mkfifo(path, NativeConvert.ToFilePermissions(0x1B6)));
        Give(path, owner);
    }

    private protected static void Give(string path, int user) => Assert.Equal(0, Syscall.lchown(path, (uint)user, (uint)user));

    private protected static int OwnerOf(string path)
    {
        Assert.Equal(0, Syscall.lstat(path, out var found));
        return (int)found.st_uid;
    }

    /// <summary>Starts a program as another user, and leaves it running.</summary>
    private protected DaemonProcess LaunchAs(int user, params IReadOnlyList<string> command)
    {
        var started = DaemonProcess.Start("setpriv", [.. Become(user), .. command]);
        _others.Add(started);
        return started;
    }

    /// <summary>Runs a program as another user, to its end.</summary>
    private protected static Task<CommandResult> RunAsAsync(int user, params IReadOnlyList<string> command) =>
        IpsCommand.RunProgramAsync(null, null, "setpriv", [.. Become(user), .. command]);

    private protected static void AssertRunsAs(int user, int pid) => Assert.All(ProcFs.UserIds(pid), id => Assert.Equal(user, id));

    private static string[] Become(int user)
    {
        var id = user.ToString(CultureInfo.InvariantCulture);
        return ["--reuid", id, "--regid", id, "--clear-groups"];
    }
}
