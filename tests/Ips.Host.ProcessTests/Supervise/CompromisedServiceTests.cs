using System.Text.Json;
using Ips.Actors.Diagnostics;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Processes;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests.Supervise;

/// <summary>Code that an attacker runs inside the service, as the service's user, tells the parent that root has started what it
/// likes.</summary>
[Trait("issue", "11")]
public sealed class CompromisedServiceTests(ITestOutputHelper output) : ProcessTest(output)
{
    private string Payload => Path.Combine(Folder, "payload");

    // Who ran what: a line for each start of the attacker's programs.
    private string Runs => Path.Combine(Folder, "service0", "runs");

    [RootFact]
    public async Task Main_NamesAProgramAndKillsItself_TheProgramNeverRunsAsRoot()
    {
        var service = await StartAsync();
        Write(Payload, $"echo payload $(id -u) >> {Runs}; exec sleep 600");
        var crash = Path.Combine(service.Folder, "crash");
        // Two words, so that the second one's release counts as the one before; then its end counts as a crash, twice.
        await AttackAsync(service, $"""
            echo attack $(id -u) >> {Runs}
            printf '%s' '{MainPacket("'$$'", Payload)}' >&8
            printf '%s' '{MainPacket("'$$'", Payload + "2")}' >&8
            until [ -e {crash} ]; do sleep 0.02; done
            kill -9 $$
            """);
        await service.First.WaitForLineAsync(text => text.Contains("Generation 1000 (PID", StringComparison.Ordinal), Limits.Step);
        await File.WriteAllTextAsync(crash, "");

        await Eventually.TrueAsync(() => RunLines().Any(line => line.StartsWith("payload", StringComparison.Ordinal)),
            "a start of the attacker's program");
        Assert.All(RunLines(), line => Assert.EndsWith($" {ServiceRights.UserId}", line, StringComparison.Ordinal));
        Assert.Contains(RunLines(), line => line.StartsWith("attack", StringComparison.Ordinal));
        ServiceRights.AssertNoneIsRoot([service.First.Pid]);
    }

    [RootFact]
    public async Task Main_NamesAProcessOutsideOfTheService_NoSignalReachesIt()
    {
        var service = await StartAsync();
        // The service's user could signal it: the parent must not do so for somebody who only names it.
        await using var victim = DaemonProcess.Start("setpriv", [$"--reuid={ServiceRights.UserId}", "--clear-groups", "sleep", "600"]);
        await Eventually.TrueAsync(() => ServiceRights.UserOf(victim.Pid) == ServiceRights.UserId);
        await AttackAsync(service, $"""
            printf '%s' '{MainPacket($"{victim.Pid}", Payload)}' >&8
            printf '%s' '{JsonSerializer.Serialize(new { type = "joined", pid = victim.Pid, generation = 1000 })}' >&8
            echo attacked >> {Runs}
            exec sleep 600
            """);
        await Eventually.TrueAsync(() => RunLines().Length > 0, "an attack");

        // Deadly for the victim; the service checks its configuration, and refuses to reload twice at once.
        Assert.True(service.First.Signal(ProcessTable.SigHup));
        Assert.True(service.First.Signal(ProcessTable.SigTerm));
        Assert.Equal(0, await service.First.WaitForExitAsync(Limits.Step));
        Assert.True(ProcessTable.IsAlive(victim.Pid), "A process that the packet named has got a signal.");
        // whom the packet named
        Assert.Contains(service.First.Lines, line => line.Text.Contains($"PID {victim.Pid}", StringComparison.Ordinal));
    }

    private async Task<Service> StartAsync()
    {
        var releases = new Releases(Folder);
        releases.AddBuild("good", Binaries.IpsFolder);
        releases.SwitchTo("good");
        Directory.CreateDirectory(releases.PathOf("bad"));
        var service = Prepare(new ServiceSettings(ServiceKind.Daemon)
        {
            Verb = "supervise", Program = Path.Combine(releases.Current, Binaries.Ips), WorkingDirectory = releases.Current,
            User = ServiceRights.User,
        });
        await ServiceRights.GiveFolderAsync(Folder, service);
        await service.StartAsync();
        return service;
    }

    // A successor has what every generation of the service has: its user, and the socket to the parent.
    private async Task AttackAsync(Service service, string script)
    {
        var releases = new Releases(Folder);
        Write(releases.PathOf("bad", Binaries.Ips), script);
        releases.SwitchTo("bad");
        service.Signal(ProcessTable.SigUsr2);
        await service.Log.WaitForAsync(0, EventIds.SuccessorSpawned);
    }

    private string[] RunLines() => File.Exists(Runs) ? File.ReadAllLines(Runs) : [];

    private static string MainPacket(string pid, string program) =>
        $$$"""{"type":"main","pid":{{{pid}}},"generation":1000,"pidFile":"/tmp/no.pid","endpoints":[],"control":false"""
            + $$$""","release":{"release":"x","fileName":"{{{program}}}","arguments":[]"""
            + $$$""","workingDirectory":"/","command":["{{{program}}}"]"""
            + ""","commandDirectory":"/","generation":1,"since":"2026-01-01T00:00:00Z"}}""";

    private static void Write(string file, string script) => Executable.Write(file, $"#!/bin/sh\n{script}\n");
}
