using System.Globalization;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Processes;

namespace Ips.Host.ProcessTests.Systemd;

/// <summary>
/// A real systemd as PID 1 of namespaces of its own: a file system that is an overlay of this machine's, discarded at the end; this
/// machine's network. What a unit could do to the kernel that both share (sysctl, modules, mounts) is masked.
/// </summary>
internal sealed class SystemdMachine : IAsyncDisposable
{
    private const string Systemd = "/lib/systemd/systemd";

    // $1: a folder for the file system. $2: a cgroup of the unified hierarchy. $3: the folder of the daemon, to be seen as
    // /opt/ips/current. The shell becomes the child of unshare(1) that is PID 1 there.
    private const string Boot = """
        set -eu
        echo $$ > "$2/cgroup.procs"
        exec unshare --pid --fork --mount --cgroup --uts --ipc --propagation private /bin/sh -c '
            set -eu
            mount -t tmpfs tmpfs "$1"
            mkdir "$1/upper" "$1/work" "$1/root"
            mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root"
            root="$1/root"
            mount -t proc proc "$root/proc"
            mount --bind "$root/proc/sys" "$root/proc/sys"
            mount -o remount,bind,ro "$root/proc/sys"
            mount -t tmpfs tmpfs "$root/run"
            mount -t tmpfs tmpfs "$root/tmp"
            mount -t tmpfs tmpfs "$root/var/log"
            mount -t tmpfs -o mode=755 tmpfs "$root/dev"
            for node in null zero full random urandom tty; do touch "$root/dev/$node"; mount --bind "/dev/$node" "$root/dev/$node"; done
            mkdir "$root/dev/shm" "$root/dev/pts"
            mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
            ln -s pts/ptmx "$root/dev/ptmx"
            ln -s /proc/self/fd "$root/dev/fd"
            mount -t sysfs -o ro sysfs "$root/sys"
            mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
            mkdir -p "$root/opt/ips/current"
            mount --bind "$2" "$root/opt/ips/current"
            cd "$root/etc/systemd/system"
            find . -mindepth 1 -maxdepth 1 -exec rm -r {} +
            for unit in systemd-sysctl.service systemd-modules-load.service systemd-binfmt.service systemd-remount-fs.service \
                systemd-random-seed.service systemd-tmpfiles-setup-dev.service systemd-udevd.service systemd-udev-trigger.service \
                systemd-update-utmp.service systemd-logind.service dev-hugepages.mount dev-mqueue.mount sys-kernel-debug.mount \
                sys-kernel-tracing.mount sys-fs-fuse-connections.mount sys-kernel-config.mount \
                proc-sys-fs-binfmt_misc.automount proc-sys-fs-binfmt_misc.mount tmp.mount; do ln -s /dev/null "$unit"; done
            ln -s /lib/systemd/system/basic.target default.target
            exec chroot "$root" /usr/bin/env -i container=ips PATH=/usr/sbin:/usr/bin:/sbin:/bin \
                /lib/systemd/systemd --system --log-target=journal --show-status=no
        ' sh "$1" "$3"
        """;

    private readonly DaemonProcess _unshare;
    private readonly string _cgroup;

    private SystemdMachine(DaemonProcess unshare, string cgroup) => (_unshare, _cgroup) = (unshare, cgroup);

    /// <summary>systemd itself, as this machine numbers it.</summary>
    public int InitPid { get; private set; }

    /// <summary>Why it cannot be booted here; null if it can.</summary>
    public static string? Missing =>
        !File.Exists(Systemd) ? "systemd is not installed"
        : Environment.UserName != "root" ? "only root can make the namespaces"
        : UnifiedHierarchy() is null ? "there is no unified cgroup hierarchy" : null;

    /// <summary>Boots it; returns when its basic target is reached.</summary>
    /// <param name="folder">An existing, empty folder.</param>
    public static async Task<SystemdMachine> BootAsync(string folder)
    {
        var cgroup = Directory
            .CreateDirectory(Path.Combine(UnifiedHierarchy()!, $"ips-test-{Environment.ProcessId}-{Guid.NewGuid():N}")).FullName;
        var machine = new SystemdMachine(DaemonProcess.Start("/bin/sh", ["-c", Boot, "sh", folder, cgroup, Binaries.IpsFolder]), cgroup);
        try
        {
            await machine.WaitForBootAsync();
            return machine;
        }
        catch
        {
            await machine.DisposeAsync();
            throw;
        }
    }

    /// <summary>A file in there, as this machine reaches it.</summary>
    public string PathOf(string path) => $"/proc/{InitPid}/root{path}";

    /// <summary>Runs a program in there, as root.</summary>
    public Task<CommandResult> RunAsync(params IReadOnlyList<string> command) => IpsCommand.RunProgramAsync(
        null, null, "/usr/bin/nsenter",
        ["--target", InitPid.ToString(CultureInfo.InvariantCulture), "--mount", "--pid", "--uts", "--ipc", "--cgroup", "--root", "--wd",
            "--", .. command]);

    /// <summary>The same, and it must succeed.</summary>
    /// <returns>What it printed.</returns>
    public async Task<string> CheckedAsync(params IReadOnlyList<string> command)
    {
        var result = await RunAsync(command);
        Assert.True(result.ExitCode == 0, $"{string.Join(' ', command)}: {result}");
        return string.Join('\n', result.Output);
    }

    /// <summary>A property of a unit.</summary>
    public Task<string> ShowAsync(string unit, string property) =>
        CheckedAsync("systemctl", "show", unit, "--value", "--property", property);

    public async ValueTask DisposeAsync()
    {
        if (InitPid > 0) ProcessTable.Signal(InitPid, ProcessTable.SigKill); // and with it all that runs there
        await _unshare.DisposeAsync();
        // The kernel empties the groups after the processes have ended.
        await Eventually.TrueAsync(() => !Directory.Exists(_cgroup) || TryRemove(_cgroup), "an end of the control groups");
    }

    private Task WaitForBootAsync() => Eventually.TrueAsync(
        async () =>
        {
            if (InitPid == 0 && ProcessTable.ChildrenOf(_unshare.Pid) is [var init] && IsSystemd(init)) InitPid = init;
            return InitPid > 0 && (await RunAsync("systemctl", "is-active", "basic.target")).ExitCode == 0;
        },
        () => $"a systemd that has booted: {_unshare.OutputTail()}");

    private static bool IsSystemd(int pid)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/comm").TrimEnd() == "systemd";
        }
        catch (IOException)
        {
            return false; // the child has ended: the wait's end tells its output
        }
    }

    private static bool TryRemove(string cgroup)
    {
        try
        {
            foreach (var inner in Directory.EnumerateDirectories(cgroup)) TryRemove(inner);
            Directory.Delete(cgroup); // rmdir(2): what is in a cgroup are no files
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static string? UnifiedHierarchy() => File.ReadLines("/proc/self/mounts").Select(line => line.Split(' '))
        .FirstOrDefault(field => field[2] == "cgroup2")?[1];
}
