using Ips.Host.ProcessTests.Harness;
using Ips.Host.ProcessTests.Systemd;
using Ips.Testing.Processes;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests.Deploy;

/// <summary>A unit that starts its service by way of <c>current</c>, under the real systemd: what it starts is what was put in
/// place.</summary>
[Trait("issue", "17")]
public sealed class DeploySystemdTests(ITestOutputHelper output) : ProcessTest(output)
{
    private const string Unit = "app.service", App = "/srv/app", Build = "/opt/ips/current";

    private int _port;

    [SystemdFact]
    public async Task Restart_AfterADeployAndARollback_StartsWhatWasPutInPlace()
    {
        await using var machine = await SystemdMachine.BootAsync(Directory.CreateDirectory(Path.Combine(Folder, "machine")).FullName);
        _port = FreePort.Next();
        await machine.CheckedAsync("mkdir", "-p", $"{App}/releases");
        await machine.CheckedAsync("cp", "-r", Build, $"{App}/releases/1");
        await machine.CheckedAsync("ln", "-s", "releases/1", $"{App}/current");
        await File.WriteAllTextAsync(machine.PathOf("/etc/app.conf"),
            $"ips.urls = [\"http://127.0.0.1:{_port}\"]\nips.user = root\nips.pid-file = /run/app/app.pid\n"
            + "ips.store.path = /run/app/app.db\nips.reload.probation = 200ms\n");
        await File.WriteAllTextAsync(machine.PathOf($"/etc/systemd/system/{Unit}"),
            $"""
            [Service]
            Type=notify
            NotifyAccess=all
            RuntimeDirectory=app
            RuntimeDirectoryPreserve=restart
            ExecStart={App}/current/ips run --config /etc/app.conf
            ExecReload=/bin/kill -USR2 $MAINPID
            Restart=always
            RestartSec=100ms

            """);
        await machine.CheckedAsync("systemctl", "daemon-reload");
        await machine.CheckedAsync("systemctl", "start", Unit);
        await AssertServesAsync(machine, "1", generation: 1);
        try
        {
            await machine.CheckedAsync($"{Build}/ips", "deploy", Build, "--name", "2", "--pid-file", "/run/app/app.pid");
            await AssertServesAsync(machine, "2", generation: 2); // and systemd follows
            await machine.CheckedAsync("systemctl", "restart", Unit);
            await AssertServesAsync(machine, "2", generation: 1);

            await machine.CheckedAsync($"{Build}/ips", "rollback", "--pid-file", "/run/app/app.pid");
            await AssertServesAsync(machine, "1", generation: 2);
            await machine.CheckedAsync("systemctl", "restart", Unit);
            await AssertServesAsync(machine, "1", generation: 1);
            Assert.Contains("pinned to 1 by rollback since", await machine.CheckedAsync($"{Build}/ips", "status", "--pid-file",
                "/run/app/app.pid"), StringComparison.Ordinal);

            // Nor does a crash, or a reload, bring back what was taken back.
            await machine.CheckedAsync("systemctl", "reload", Unit);
            await AssertServesAsync(machine, "1", generation: 2);
            await machine.CheckedAsync("systemctl", "kill", "--signal=KILL", Unit);
            await Eventually.TrueAsync(async () => await machine.ShowAsync(Unit, "NRestarts") == "1"
                && await machine.ShowAsync(Unit, "ActiveState") == "active", "a restart");
            await AssertServesAsync(machine, "1", generation: 1);
        }
        catch (Exception)
        {
            Output.WriteLine((await machine.RunAsync("journalctl", "--no-pager", "--output", "short-precise")).ToString());
            throw;
        }
    }

    // A reload by a signal is over later than the command that sent it.
    private async Task AssertServesAsync(SystemdMachine machine, string release, int generation)
    {
        await Eventually.TrueAsync(async () => (await HttpProbe.GetAsync($"http://127.0.0.1:{_port}/ping")).Generation == generation
            && await ProgramAsync(machine) == $"{App}/releases/{release}/ips"
            && await machine.ShowAsync(Unit, "ActiveState") == "active", $"generation {generation} of release {release} as MainPID");
        Assert.Equal($"releases/{release}", await machine.CheckedAsync("readlink", $"{App}/current"));
    }

    private static async Task<string> ProgramAsync(SystemdMachine machine) => string.Join('\n',
        (await machine.RunAsync("readlink", $"/proc/{await machine.ShowAsync(Unit, "MainPID")}/exe")).Output);
}
