using System.Globalization;
using Ips.Actors.Diagnostics;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Processes;
using Mono.Unix.Native;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests.Takeover;

/// <summary>Who may not take over, and when: told in one line, and the service is as it was.</summary>
public sealed class RefusedTakeoverTests(ITestOutputHelper output) : TakeoverTest(output)
{
    [Fact]
    public async Task Takeover_ByAnotherUser_IsRefusedByTheModeAndByTheService()
    {
        var service = PrepareOffering(new ServiceSettings(ServiceKind.SampleApp), Members);
        Share(service);
        Assert.Equal(0, Syscall.chmod(service.Folder, (FilePermissions)0b111_111_101)); // it may see the socket
        await StartOfferingAsync(service);
        Assert.Equal((UnixFileMode)0b110_110_000, File.GetUnixFileMode(SocketOf(service)));
        var daemon = new ServiceSettings(ServiceKind.Daemon) { User = "nobody" };

        var byMode = Launch(service, ServiceKind.Daemon, prefix: As(Nobody, null), settings: daemon, group: Members);
        Assert.Equal($"ips: The handover failed: this user may not connect to {SocketOf(service)}; the running service says who may "
            + "(ips.takeover.group).", await AssertRefusedAsync(byMode));
        Assert.Empty(service.Log.Of(EventIds.TakeoverDenied));

        // Were the mode wider than the service made it, the kernel's word on the peer decides.
        Assert.Equal(0, Syscall.chmod(SocketOf(service), (FilePermissions)0b110_110_110));
        var byService = Launch(service, ServiceKind.Daemon, prefix: As(Nobody, null), settings: daemon, group: Members);
        Assert.Equal(
            $"ips: The handover failed: user {Nobody} may not take over: only root, user 0 and the members of group {Members} "
                + "(ips.takeover.group) may.", await AssertRefusedAsync(byService));
        var denied = await service.Log.WaitForAsync(0, EventIds.TakeoverDenied);
        Assert.Equal((Text(byService.Pid), Text(Nobody), Text(Nobody)), (denied["Pid"], denied["Uid"], denied["Gid"]));

        Assert.Equal(service.First.Pid, service.MainPid);
        Assert.Equal(1, await service.AnsweringGenerationAsync());
        Assert.Equal("Serving", (await service.StatusAsync()).State);
        Assert.Empty(service.Log.Of(EventIds.TakeoverStarted));
        await service.ReloadAsync();
    }

    [Fact]
    public async Task Takeover_DuringAReload_IsRefusedAndToldSo()
    {
        var service = PrepareOffering(new ServiceSettings(ServiceKind.Daemon) { Probation = TimeSpan.FromSeconds(30), Debug = true });
        await StartOfferingAsync(service);
        service.Signal(ProcessTable.SigUsr2);
        await service.WaitForStateAsync(1, "OnProbation");
        Assert.Equal("ips: The handover failed: a reload is already under way.",
            await AssertRefusedAsync(Launch(service, ServiceKind.Daemon)));
        Assert.Single(service.Log.Of(EventIds.ReloadRefused));
        Assert.Equal(("Reloading", "on probation"), await service.StatusAsync() is var status ? (status.State, status.SuccessorState)
            : default);
    }

    [Fact]
    public async Task Takeover_UnderAnotherPidFile_IsRefusedByTheOneThatAsks()
    {
        // it ends by itself
        var service = PrepareOffering(new ServiceSettings(ServiceKind.Daemon)
        {
            KillTimeout = TimeSpan.FromSeconds(30),
            HealthInterval = TimeSpan.FromMinutes(1)
        });
        await StartOfferingAsync(service);
        var other = Prepare(new ServiceSettings(ServiceKind.Daemon));
        File.WriteAllText(other.PidFile + ".lock", "");
        var settings = new ServiceSettings(ServiceKind.Daemon);
        File.WriteAllText(other.ConfigFile, settings.ToHocon([$"http://127.0.0.1:{service.Port}"], other.PidFile));
        File.AppendAllText(other.ConfigFile, $"ips.store.path = \"{service.StoreFile}\"\n"); // another one would be refused as well
        var refused = await IpsCommand.RunAsync(service.Processes, null, "run", "--config", other.ConfigFile, "--takeover",
            SocketOf(service));
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains(refused.Errors, line => line.Contains($"another PID file than {other.PidFile}", StringComparison.Ordinal));
        Assert.Contains("another PID file", (await service.Log.WaitForAsync(0, EventIds.ReloadFailed))["Reason"], StringComparison.Ordinal);
        Assert.Equal(1, await service.AnsweringGenerationAsync());
        await service.ReloadAsync();
    }

    [Fact]
    public async Task Takeover_WhereNobodyOffersIt_IsOneLineAndExitCode1()
    {
        var service = await StartAsync(new ServiceSettings(ServiceKind.Daemon));
        var missing = Path.Combine(Folder, "missing.sock");
        Assert.Equal(
            $"ips: The handover failed: there is no socket {missing} to take over from; the running service must offer it "
                + "(ips.takeover.socket).",
            await AssertRefusedAsync(Launch(service, ServiceKind.Daemon, missing)));

        var dead = Path.Combine(Folder, "dead.sock");
        using (var left = new System.Net.Sockets.Socket(System.Net.Sockets.AddressFamily.Unix, System.Net.Sockets.SocketType.Seqpacket,
            System.Net.Sockets.ProtocolType.Unspecified))
        {
            left.Bind(new System.Net.Sockets.UnixDomainSocketEndPoint(dead)); // and nobody listens
            Assert.Equal(
                $"ips: The handover failed: nobody listens on {dead}: there is no service to take over from.",
                await AssertRefusedAsync(Launch(service, ServiceKind.Daemon, dead)));
        }

        Assert.Contains("is a socket of another kind",
            await AssertRefusedAsync(Launch(service, ServiceKind.Daemon, $"{service.PidFile}.sock")), StringComparison.Ordinal);
        Assert.Equal(1, await service.AnsweringGenerationAsync());
    }

    [Fact]
    public async Task Rollback_OfAProcessThatMayNotBeSignalled_IsByWordOnly()
    {
        var service = PrepareOffering(
            new ServiceSettings(ServiceKind.SampleApp)
            {
                Program = "setpriv", Prefix = [.. As(Nobody, Members).Skip(1), Path.Combine(Binaries.SampleAppFolder, Binaries.SampleApp)],
                Probation = TimeSpan.FromSeconds(30), HealthInterval = TimeSpan.FromSeconds(2), DrainTimeout = TimeSpan.FromSeconds(1),
                Debug = true,
            });
        Share(service);
        await StartOfferingAsync(service);
        var root = Launch(service, ServiceKind.SampleApp, settings: new ServiceSettings(ServiceKind.SampleApp) { Debug = true });
        await service.WaitForStateAsync(2, "Proving");
        Assert.True(root.Signal(ProcessTable.SigStop));

        var failed = await service.Log.WaitForAsync(0, EventIds.ReloadFailed);
        Assert.Contains("no health report", failed["Reason"], StringComparison.Ordinal);
        Assert.Single(service.Log.Of(EventIds.TakeoverOutOfReach));
        Assert.Equal(1, await service.AnsweringGenerationAsync());
        Assert.Equal(service.First.Pid, service.MainPid);

        // It wakes up, reads that it was told to stop, and does not take the end of the channel for the death of its predecessor.
        Assert.True(root.Signal(ProcessTable.SigCont));
        Assert.Equal(0, await root.WaitForExitAsync(Limits.Step));
        Assert.Equal(service.First.Pid, service.MainPid);
        Assert.Equal("Serving", (await service.StatusAsync()).State);
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
