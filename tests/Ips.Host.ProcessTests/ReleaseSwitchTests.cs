using Ips.Actors.Diagnostics;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Processes;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests;

/// <summary>A release behind a link is replaced by another build, however the service was started by way of that link.</summary>
public sealed class ReleaseSwitchTests(ITestOutputHelper output) : ProcessTest(output)
{
    [Theory]
    [InlineData("exec \"$LINK/Ips.SampleApp\" \"$@\"", false)]
    [InlineData("cd \"$LINK\" && exec ./Ips.SampleApp \"$@\"", true)]
    [InlineData("cd \"$LINK/..\" && exec current/Ips.SampleApp \"$@\"", false)]
    [InlineData("PATH=\"$LINK:$PATH\" && cd \"$LINK\" && exec Ips.SampleApp \"$@\"", true)]
    [InlineData("cd \"$LINK\" && exec \"$DOTNET\" Ips.SampleApp.dll \"$@\"", true)]
    [InlineData("exec \"$DOTNET\" \"$LINK/Ips.SampleApp.dll\" \"$@\"", false)]
    public async Task Reload_LinkSwitched_NewBuildAnswers(string shellCommand, bool startedInRelease)
    {
        var releases = new Releases(Folder);
        releases.AddBuild("one", Binaries.SampleAppFolder);
        releases.AddBuild("two", Binaries.SampleAppFolder);
        releases.SwitchTo("one");
        var service = await StartAsync(new ServiceSettings(ServiceKind.SampleApp)
        {
            Program = "/bin/sh",
            Prefix = ["-c", $"LINK='{releases.Current}' DOTNET='{Binaries.DotNet}'; {shellCommand}", "sh"],
            WorkingDirectory = Folder,
        });
        // The content root, where appsettings.json is read, is the working directory.
        string Expected(string release) => $"{release} configured by {(startedInRelease ? release : "")}";
        Assert.Equal(Expected("one"), await ReleaseAsync(service));

        releases.SwitchTo("two");
        Assert.Equal(Expected("one"), await ReleaseAsync(service));
        await service.ReloadAsync();
        Assert.Equal(Expected("two"), await ReleaseAsync(service));

        // The way back is the same one, and the second generation knows it as well as the first.
        releases.SwitchTo("one");
        await service.ReloadAsync();
        Assert.Equal(Expected("one"), await ReleaseAsync(service));
    }

    // The link leads elsewhere before the successor has looked where it was started: the path that was typed counts, not the place.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Reload_LinkSwitchedOrGoneWhileTheSuccessorStarts_TheNextReloadStillFollowsIt(bool gone)
    {
        var releases = new Releases(Folder);
        foreach (var release in new[] { "one", "two", "three" }) releases.AddBuild(release, Binaries.SampleAppFolder);
        releases.SwitchTo("one");
        var service = await StartAsync(new ServiceSettings(ServiceKind.SampleApp)
        {
            Program = "/bin/sh", Prefix = ["-c", $"cd '{releases.Current}' && exec ./Ips.SampleApp \"$@\"", "sh"],
            WorkingDirectory = Folder,
        });
        releases.SwitchTo("two");
        releases.Mark("two", SampleMarks.HoldBeforeHello);
        service.Signal(ProcessTable.SigUsr2);
        await service.Log.WaitForAsync(0, EventIds.SuccessorSpawned);
        if (gone) File.Delete(releases.Current);
        else releases.SwitchTo("three");
        releases.Unmark("two", SampleMarks.HoldBeforeHello);
        await service.Log.WaitForAsync(0, EventIds.ReloadPromoted);
        Assert.Equal("two configured by two", await ReleaseAsync(service));

        if (gone) releases.SwitchTo("three");
        await service.WaitForMainAloneAsync();
        await service.ReloadAsync();
        Assert.Equal("three configured by three", await ReleaseAsync(service));
    }

    // As deployments do that keep one release: the generation that drains has lost its program, its assemblies and its working directory.
    [Fact]
    public async Task Reload_OldReleaseRemoved_NewBuildAnswersAndTheOldOneEndsWell()
    {
        var releases = new Releases(Folder);
        releases.AddBuild("one", Binaries.SampleAppFolder);
        releases.AddBuild("two", Binaries.SampleAppFolder);
        releases.SwitchTo("one");
        var service = await StartAsync(new ServiceSettings(ServiceKind.SampleApp)
        {
            Program = "/bin/sh", Prefix = ["-c", $"cd '{releases.Current}' && exec ./Ips.SampleApp \"$@\"", "sh"],
            WorkingDirectory = Folder,
        });
        await service.StatusAsync(); // an operator has looked

        releases.SwitchTo("two");
        Directory.Delete(releases.PathOf("one"), recursive: true);
        await service.ReloadAsync();
        Assert.Equal("two configured by two", await ReleaseAsync(service));
        Assert.Equal(0, await service.First.WaitForExitAsync(Limits.Step));
        Assert.Empty(service.Log.Of(EventIds.EffectFailed));
        Assert.Empty(service.Log.Of(EventIds.ActorRestarted));
    }

    private static async Task<string> ReleaseAsync(Service service) =>
        (await HttpProbe.GetAsync($"http://127.0.0.1:{service.Port}/release")).Body;
}
