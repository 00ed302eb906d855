using Ips.Actors.Diagnostics;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Load;
using Ips.Testing.Processes;
using Mono.Unix.Native;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests;

/// <summary>A service that reloads by itself: another release is in place, the runtime was patched under it, it is old or large.</summary>
[Collection(Waits.Name)]
[Trait("issue", "17")]
public sealed class SelfReloadTests(ITestOutputHelper output) : ProcessTest(output)
{
    [Fact]
    public async Task Watch_LinkSwitched_ReloadsAndTriesABrokenReleaseOnce()
    {
        var releases = new Releases(Folder);
        foreach (var release in new[] { "one", "two", "three" }) releases.AddBuild(release, Binaries.SampleAppFolder);
        releases.Mark("two", SampleMarks.ThrowsInMain);
        releases.SwitchTo("one");
        var service = await StartAsync(
            Settings("--Ips:Reload:Watch:0=release") with { Program = $"{releases.Current}/{Binaries.SampleApp}" });
        await using var load = Load(service);

        releases.SwitchTo("two");
        var refused = await service.Log.WaitForAsync(0, EventIds.ReloadFailed);
        releases.SwitchTo("three");
        await service.Log.WaitForAsync(0, EventIds.ReloadPromoted);
        await load.WaitForGenerationAsync(2, Limits.Step);
        Assert.Equal(0, (await load.StopAsync()).FailedRequests);
        await service.WaitForMainAloneAsync();

        var receipts = (await service.HistoryAsync()).History!;
        Assert.Equal(["refused", "promoted"], receipts.Select(receipt => receipt.Outcome)); // it was tried once
        Assert.All(receipts, receipt => Assert.Equal(("self", $"the release at {releases.Current}/{Binaries.SampleApp} has changed"),
            (receipt.Trigger, receipt.Cause)));
        Assert.Equal(1, refused.Generation);
    }

    [Fact]
    public async Task Watch_MarkerWrittenWhilePaused_ReloadsWhenItIsResumed()
    {
        var releases = new Releases(Folder);
        releases.AddBuild("one", Binaries.SampleAppFolder);
        var service = await StartAsync(
            Settings("--Ips:Reload:Watch:0=release") with { Program = releases.PathOf("one", Binaries.SampleApp) });
        Assert.Equal(0, (await IpsCommand.RunAsync("pause", "--pid-file", service.PidFile)).ExitCode);
        releases.Mark("one", ".ips-release");
        Assert.Equal(0, (await IpsCommand.RunAsync("reload", "--pid-file", service.PidFile)).ExitCode); // what it does by hand it does
        var mark = service.Log.Mark;
        Assert.Equal(2, (await service.StatusAsync()).Generation);
        File.WriteAllText(releases.PathOf("one", ".ips-release"), "again");
        Assert.True((await service.StatusAsync()).Paused);
        Assert.Equal(0, (await IpsCommand.RunAsync("resume", "--pid-file", service.PidFile)).ExitCode);
        await service.Log.WaitForAsync(mark, EventIds.ReloadPromoted);
        var begun = service.Log.Events.Single(e => e.Id == EventIds.ReloadStarted && e.Generation == 2);
        Assert.True(service.Log.Events.ToList().IndexOf(begun) > service.Log.Events.ToList().FindIndex(e => e.Id == EventIds.Resumed));
    }

    // As a package manager upgrades: the new patch appears, the files that run are removed.
    [Fact]
    public async Task Watch_RuntimeUpgradedUnderTheProcess_ReloadsOntoTheNewOne()
    {
        var (service, dotnet) = await StartOnOwnRuntimeAsync("--Ips:Reload:Watch:0=runtime");
        await using var load = Load(service);
        await load.WaitForRequestsAsync(10, Limits.Step);
        var patched = new Version(Environment.Version.Major, Environment.Version.Minor, Environment.Version.Build + 1);
        foreach (var framework in Directory.GetDirectories($"{dotnet}/shared"))
        {
            var old = Directory.GetDirectories(framework).Single();
            Releases.Copy(old, $"{old}.new");
            Directory.Delete(old, recursive: true);
            Directory.Move($"{old}.new", Path.Combine(framework, patched.ToString()));
        }

        await service.Log.WaitForAsync(0, EventIds.ReloadPromoted);
        await load.WaitForGenerationAsync(2, Limits.Step);
        Assert.Equal(0, (await load.StopAsync()).FailedRequests);
        var maps = await File.ReadAllTextAsync($"/proc/{service.MainPid}/maps");
        Assert.Contains($"/{patched}/libcoreclr.so", maps, StringComparison.Ordinal);
        await service.WaitForMainAloneAsync();
        var receipt = Assert.Single((await service.HistoryAsync()).History!);
        Assert.Equal($"the .NET runtime {patched} is installed, {Environment.Version} runs", receipt.Cause);
        await service.ReloadAsync(); // and the next one is an ordinary one
    }

    [Fact]
    public async Task Watch_RuntimeThatDoesNotStart_IsTriedOnceAndTheOldOneServes()
    {
        var (service, dotnet) = await StartOnOwnRuntimeAsync("--Ips:Reload:Watch:0=runtime");
        await using var load = Load(service);
        var core = Directory.GetDirectories($"{dotnet}/shared/Microsoft.NETCore.App").Single();
        Replace($"{core}/libcoreclr.so", "no library");
        Replace($"{core}/System.Private.CoreLib.dll", null);
        await service.Log.WaitForAsync(0, EventIds.ReloadFailed);

        // Repaired: another change, so it is tried again.
        File.Copy($"{Path.GetDirectoryName(typeof(object).Assembly.Location)}/libcoreclr.so", $"{core}/libcoreclr.so", overwrite: true);
        Replace($"{core}/System.Private.CoreLib.dll", null);
        await service.Log.WaitForAsync(0, EventIds.ReloadPromoted);
        await load.WaitForGenerationAsync(2, Limits.Step);
        Assert.Equal(0, (await load.StopAsync()).FailedRequests);
        await service.WaitForMainAloneAsync();
        Assert.Equal(["refused", "promoted"], (await service.HistoryAsync()).History!.Select(receipt => receipt.Outcome));
    }

    [Fact]
    public async Task NoWatch_RuntimeReplaced_StatusAndDoctorSaySo()
    {
        var (service, dotnet) = await StartOnOwnRuntimeAsync();
        Assert.DoesNotContain("runtime", await TellAsync("status"), StringComparison.Ordinal);
        Replace(Directory.GetFiles($"{dotnet}/shared", "System.Private.CoreLib.dll", SearchOption.AllDirectories).Single(), null);
        var what = $"the .NET runtime {Environment.Version} was replaced on disk";
        Assert.Contains(what, await TellAsync("status"), StringComparison.Ordinal);
        Assert.Contains(what, await TellAsync("doctor", "--pid", $"{service.MainPid}"), StringComparison.Ordinal);
        await service.ReloadAsync();
        Assert.DoesNotContain("runtime", await TellAsync("status"), StringComparison.Ordinal);

        async Task<string> TellAsync(string verb, params string[] more) => string.Join('\n', (await IpsCommand.RunAsync(
            [verb, .. more.Length > 0 ? more : ["--pid-file", service.PidFile]])).Output);
    }

    [Fact]
    public async Task Every_OldProcess_IsReplacedWithoutALostRequest()
    {
        var service = await StartAsync(Settings("--Ips:Reload:Every=00:00:04"));
        await using var load = Load(service);
        await load.WaitForGenerationAsync(3, Limits.Step);
        Assert.Equal(0, (await load.StopAsync()).FailedRequests);
        await Eventually.TrueAsync(async () => (await service.HistoryAsync()).History is { Count: > 0 }, "a receipt");
        Assert.All((await service.HistoryAsync()).History!,
            receipt => Assert.Equal("the process is older than 4s (ips.reload.every)", receipt.Cause));
        await service.StopAsync();
    }

    [Fact]
    public async Task MaxMemory_LargeProcess_IsReplaced()
    {
        // Every process is larger than this: the generations follow each other at the interval.
        var service = await StartAsync(Settings("--Ips:Reload:MaxMemory=1048576"));
        await service.Log.WaitForAsync(0, EventIds.ReloadPromoted);
        await Eventually.TrueAsync(async () => (await service.HistoryAsync()).History is { Count: > 0 }, "a receipt");
        Assert.Matches("^the process uses [0-9]+ MiB, more than 1MiB", (await service.HistoryAsync()).History![0].Cause);
        await service.StopAsync();
    }

    private static ServiceSettings Settings(params IReadOnlyList<string> more) => new(ServiceKind.SampleApp)
    {
        More = [.. more, "--Ips:Reload:WatchInterval=00:00:01"],
    };

    // The runtime of the tests is not to be touched.
    private async Task<(Service Service, string DotNet)> StartOnOwnRuntimeAsync(params IReadOnlyList<string> more)
    {
        var dotnet = CopyRuntime();
        var releases = new Releases(Folder);
        releases.AddBuild("one", Binaries.SampleAppFolder);
        return (await StartAsync(Settings(more) with
        {
            Program = $"{dotnet}/dotnet",
            Prefix = [releases.PathOf("one", $"{Binaries.SampleApp}.dll")],
            Environment = new Dictionary<string, string?> { ["DOTNET_ROOT"] = dotnet },
        }), dotnet);
    }

    private static StrictLoad Load(Service service) => StrictLoad.Start(new LoadOptions
    {
        Target = service.Target, StreamWorkers = 0, UploadWorkers = 0, OneShotWorkers = 2, IdleWorkers = 4,
        BusyThinkTime = TimeSpan.FromMilliseconds(10), OneShotThinkTime = TimeSpan.FromMilliseconds(20),
    });

    // The host and the shared frameworks of the tests, as links would not do: a host looks where it really lies.
    private string CopyRuntime()
    {
        var root = Path.GetDirectoryName(Binaries.DotNet)!;
        var copy = Path.Combine(Folder, "dotnet");
        Directory.CreateDirectory(copy);
        Executable.Copy(Binaries.DotNet, Path.Combine(copy, "dotnet"));
        Releases.Copy(Path.Combine(root, "host"), Path.Combine(copy, "host"));
        foreach (var framework in new[] { "Microsoft.NETCore.App", "Microsoft.AspNetCore.App" })
        {
            var folder = Path.Combine("shared", framework, Environment.Version.ToString(3));
            Releases.Copy(Path.Combine(root, folder), Path.Combine(copy, folder));
        }

        return copy;
    }

    // Another file takes its place, with other content if it is given: who has the old one mapped keeps it.
    private static void Replace(string path, string? content)
    {
        if (content is null) File.Copy(path, $"{path}.new");
        else File.WriteAllText($"{path}.new", content);
        Assert.Equal(0, Stdlib.rename($"{path}.new", path));
    }
}
