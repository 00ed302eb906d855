using System.Globalization;
using System.Text.Json;
using Ips.Actors.Control;
using Ips.Actors.Launch;
using Ips.Actors.Lifecycle;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Processes;
using Mono.Unix.Native;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests.Files;

/// <summary>What root starts by <c>ips start --last-good</c> was named by a file that the service user owns.</summary>
[Trait("issue", "11")]
public sealed class LastGoodRightsTests(ITestOutputHelper output) : RightsTest(output)
{
    [RootTheory]
    [InlineData(ServiceUserId)]
    [InlineData(0)]
    public async Task LastGood_ProgramOfTheServiceUser_RunsAsThatUserAlone(int owner)
    {
        var (service, witness) = PrepareWithProgram(ServiceUser);
        Give(Kept(service), owner);
        await service.RunStartAsync("--last-good"); // the program is no daemon, so this start fails
        Assert.Equal([$"{ServiceUserId}", $"{ServiceUserId}", "NoNewPrivs:\t1"], await File.ReadAllLinesAsync(witness));
    }

    [RootFact]
    public async Task LastGood_NoUserIsConfigured_FileOfALesserUserIsRefused()
    {
        var (service, witness) = PrepareWithProgram("root");
        Give(Kept(service), ServiceUserId);
        await AssertRefusedAsync(service, witness, $"uid {ServiceUserId}");
    }

    [RootFact]
    public async Task LastGood_OfAStranger_IsRefused()
    {
        var (service, witness) = PrepareWithProgram(ServiceUser);
        Give(Kept(service), StrangerId);
        await AssertRefusedAsync(service, witness, $"uid {StrangerId}");
    }

    [RootTheory]
    [InlineData("root")]
    [InlineData(ServiceUser)]
    public async Task LastGood_OthersMayWriteToIt_IsRefused(string user)
    {
        var (service, witness) = PrepareWithProgram(user);
        File.SetUnixFileMode(Kept(service), AllRead | UnixFileMode.OtherWrite);
        await AssertRefusedAsync(service, witness, "0646");
    }

    [RootFact]
    public async Task LastGood_IsALink_IsRefused()
    {
        var (service, witness) = PrepareWithProgram("root");
        var elsewhere = Path.Combine(Folder, "elsewhere");
        File.Move(Kept(service), elsewhere);
        LinkAsUser(Kept(service), elsewhere);
        await AssertRefusedAsync(service, witness, "link");
    }

    [RootFact]
    public async Task LastGood_HasAnotherName_IsRefused()
    {
        var (service, witness) = PrepareWithProgram("root");
        Assert.Equal(0, Syscall.link(Kept(service), Path.Combine(Folder, "elsewhere")));
        await AssertRefusedAsync(service, witness, "hard link");
    }

    [RootFact]
    public async Task LastGood_IsAFifo_IsRefusedAndHoldsNobodyUp()
    {
        var (service, witness) = PrepareWithProgram("root");
        File.Delete(Kept(service));
        MakeFifo(Kept(service), 0);
        await AssertRefusedAsync(service, witness, "regular file");
    }

    [RootFact]
    public async Task LastGood_RealDaemon_ServesAsTheUserAgain()
    {
        var service = PrepareForUser();
        Assert.Equal(0, (await service.RunStartAsync()).ExitCode);
        await service.StopAsync();
        Assert.Equal(ServiceUserId, OwnerOf(Kept(service)));

        var start = await service.RunStartAsync("--last-good");
        Assert.True(start.ExitCode == 0, start.ToString());
        Assert.Equal($"{service.MainPid}", Assert.Single(start.Output));
        AssertRunsAs(ServiceUserId, service.MainPid);
        Assert.Equal(1, await service.AnsweringGenerationAsync());
        await service.StopAsync();
    }

    private static string Kept(Service service) => LastGoodFile.PathBeside(service.PidFile);

    // A program that says who runs it, in a folder of the service user's.
    private (Service Service, string Witness) PrepareWithProgram(string user)
    {
        var service = PrepareForUser(new ServiceSettings(ServiceKind.Daemon) { User = user });
        var (program, witness) = (Path.Combine(service.Folder, "program"), Path.Combine(service.Folder, "witness"));
        Executable.Write(program, $"#!/bin/sh\n{{ id -u; id -G; grep NoNewPrivs /proc/self/status; }} > {witness}\n");
        Give(program, ServiceUserId);
        var release = new LastGoodRelease("1", program, [], service.Folder, [program], service.Folder, 1, DateTimeOffset.UnixEpoch);
        File.WriteAllBytes(Kept(service), JsonSerializer.SerializeToUtf8Bytes(release, ControlJson.Default.LastGoodRelease));
        File.SetUnixFileMode(Kept(service), OwnerOnly);
        return (service, witness);
    }

    private static async Task AssertRefusedAsync(Service service, string witness, string why)
    {
        var result = await service.RunStartAsync("--last-good");
        Assert.True(result.ExitCode == 1, result.ToString());
        Assert.Contains(result.Errors, line => line.Contains(Kept(service), StringComparison.Ordinal)
            && line.Contains(why, StringComparison.Ordinal));
        Assert.False(File.Exists(witness), string.Create(CultureInfo.InvariantCulture, $"The program ran: {result}"));
    }
}
