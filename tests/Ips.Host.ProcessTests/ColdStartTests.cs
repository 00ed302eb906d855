using System.Diagnostics;
using Ips.Actors.Diagnostics;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Processes;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests;

/// <summary>What a service does whose health checks fail: a first generation serves, as it would without Ips, and a successor
/// waits.</summary>
[Collection(Waits.Name)]
[Trait("issue", "14")]
public sealed class ColdStartTests(ITestOutputHelper output) : ProcessTest(output)
{
    private const string Good = "good", Next = "next", Words = "health check 'release' is unhealthy: the release is marked as unhealthy";

    [Fact]
    public async Task Start_CheckFails_ServesWithAWarningUntilItPasses()
    {
        var (service, releases) = Releases();
        releases.Mark(Good, SampleMarks.Unhealthy);
        await service.StartAsync();

        Assert.Equal(200, (await AskAsync(service, "/ping")).Status);
        var warning = await service.Log.WaitForAsync(0, EventIds.ServesUnhealthy);
        Assert.Contains(Words, warning.Message, StringComparison.Ordinal);
        var ready = await AskAsync(service, "/readyz");
        Assert.Equal(503, ready.Status);
        Assert.Contains(Words, ready.Body, StringComparison.Ordinal);
        releases.Unmark(Good, SampleMarks.Unhealthy);
        await Eventually.TrueAsync(async () => (await AskAsync(service, "/readyz")).Status == 200, "readiness");
    }

    [Fact]
    public async Task Start_MiddlewareThrowsOnRequestsOfNoTenant_ServesAndIsReplaced()
    {
        var service = await StartAsync(new ServiceSettings(ServiceKind.SampleApp) { More = ["--Sample:Tenant=true"] });
        await service.ReloadAsync();
        Assert.Equal(500, (await AskAsync(service, "/ping")).Status);
        Assert.Empty(service.Log.Of(EventIds.ServesUnhealthy));
    }

    [Fact]
    public async Task Reload_CheckFailsAtFirst_WaitsForItAndIsPromoted()
    {
        var (service, releases) = await StartAsync(Limits.Step);
        releases.Mark(Next, SampleMarks.Unhealthy);
        releases.SwitchTo(Next);
        foreach (var command in (string[])["reload --check", "reload"])
        {
            releases.Mark(Next, SampleMarks.Unhealthy);
            var mark = service.Log.Mark;
            var reload = RunAsync(service, command);
            var waits = await service.Log.WaitForAsync(mark, EventIds.AwaitingHealth);
            Assert.Contains(Words, waits.Message, StringComparison.Ordinal);
            Assert.False(reload.IsCompleted);
            releases.Unmark(Next, SampleMarks.Unhealthy);
            var outcome = await reload;
            Assert.True(outcome.ExitCode == 0, outcome.ToString());
        }

        Assert.Equal(2, await service.AnsweringGenerationAsync());
    }

    [Theory]
    [InlineData("reload")]
    [InlineData("reload --check")]
    public async Task Reload_CheckKeepsFailing_IsRefusedInItsWords(string command)
    {
        var (service, releases) = await StartAsync(TimeSpan.FromSeconds(15)); // most of it is what the check gets
        releases.Mark(Next, SampleMarks.Unhealthy);
        releases.SwitchTo(Next);
        var outcome = await RunAsync(service, command);
        Assert.Equal(4, outcome.ExitCode);
        Assert.Contains(Words, string.Join('\n', outcome.Output), StringComparison.Ordinal);
        Assert.NotEmpty(service.Log.Of(EventIds.AwaitingHealth));
        Assert.Equal(1, await service.AnsweringGenerationAsync());
    }

    [Fact]
    public async Task Reload_CheckFailsInBoth_IsPromotedWithoutWaiting()
    {
        var (service, releases) = await StartAsync(Limits.Step);
        foreach (var release in (string[])[Good, Next]) releases.Mark(release, SampleMarks.Unhealthy);
        releases.SwitchTo(Next);
        await service.ReloadAsync();
        Assert.Empty(service.Log.Of(EventIds.AwaitingHealth));
        Assert.NotEmpty(service.Log.Of(EventIds.ChecksExcused));
        Assert.Equal(2, await service.AnsweringGenerationAsync());
    }

    [Fact]
    public async Task Reload_FailingCheckIsIgnored_IsPromotedWithoutWaiting()
    {
        var (service, releases) = await StartAsync(Limits.Step);
        releases.Mark(Next, SampleMarks.Unhealthy);
        releases.SwitchTo(Next);
        var outcome = await RunAsync(service, "reload --ignore-check release");
        Assert.True(outcome.ExitCode == 0, outcome.ToString());
        Assert.Empty(service.Log.Of(EventIds.AwaitingHealth));
    }

    [Fact]
    public async Task Reload_FailingCheckDoesNotCountByItsTags_IsPromotedWithoutWaiting()
    {
        var (service, releases) = await StartAsync(Limits.Step, "--Ips:Reload:HealthTags:0=none-has-it");
        releases.Mark(Next, SampleMarks.Unhealthy);
        releases.SwitchTo(Next);
        await service.ReloadAsync();
        Assert.Empty(service.Log.Of(EventIds.AwaitingHealth));
        Assert.Equal(200, (await AskAsync(service, "/readyz")).Status);
    }

    [Fact]
    public async Task Reload_ServiceIsPaused_IsPromotedAndStaysPaused()
    {
        var (service, releases) = await StartAsync(Limits.Step);
        Assert.Equal(0, (await RunAsync(service, "pause")).ExitCode);
        releases.SwitchTo(Next);
        await service.ReloadAsync();
        Assert.Empty(service.Log.Of(EventIds.AwaitingHealth));
        Assert.Equal(503, (await AskAsync(service, "/readyz")).Status);
        Assert.Equal(0, (await RunAsync(service, "resume")).ExitCode);
        Assert.Equal(200, (await AskAsync(service, "/readyz")).Status);
    }

    // Nobody is left to fall back to.
    [Fact]
    public async Task Reload_PredecessorIsKilledWhileItsSuccessorWaits_TheSuccessorServesAtOnce()
    {
        var (service, releases) = await StartAsync(Limits.Step);
        releases.Mark(Next, SampleMarks.Unhealthy);
        releases.SwitchTo(Next);
        var (mark, pid) = (service.Log.Mark, service.MainPid);
        service.Signal(ProcessTable.SigUsr2);
        await service.Log.WaitForAsync(mark, EventIds.AwaitingHealth);
        var killed = Stopwatch.GetTimestamp();
        ProcessTable.Signal(pid, ProcessTable.SigKill);
        await service.Log.WaitForAsync(mark, EventIds.IdentityPublished);
        Assert.InRange(Stopwatch.GetElapsedTime(killed), TimeSpan.Zero, Limits.Step / 2); // not at the deadline
        Assert.Equal(200, (await AskAsync(service, "/ping")).Status);
        await service.Log.WaitForAsync(mark, EventIds.ServesUnhealthy);
    }

    private static Task<ProbeAnswer> AskAsync(Service service, string path) => HttpProbe.GetAsync($"http://127.0.0.1:{service.Port}{path}");

    private static Task<CommandResult> RunAsync(Service service, string command) =>
        IpsCommand.RunAsync(service.Processes, service.Folder, [.. command.Split(' '), "--pid-file", service.PidFile]);

    private async Task<(Service Service, Releases Releases)> StartAsync(TimeSpan readyTimeout, params string[] more)
    {
        var (service, releases) = Releases(readyTimeout, more);
        await service.StartAsync();
        return (service, releases);
    }

    private (Service Service, Releases Releases) Releases(TimeSpan? readyTimeout = null, params string[] more)
    {
        var releases = new Releases(Folder);
        releases.AddBuild(Good, Binaries.SampleAppFolder);
        releases.AddBuild(Next, Binaries.SampleAppFolder);
        releases.SwitchTo(Good);
        return (Prepare(new ServiceSettings(ServiceKind.SampleApp)
        {
            Program = Path.Combine(releases.Current, Binaries.SampleApp), ReadyTimeout = readyTimeout ?? Limits.Step, More = more,
        }), releases);
    }
}
