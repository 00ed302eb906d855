using Ips.Actors.Control;
using Ips.Actors.Launch;
using Ips.Actors.Posix;
using Ips.Fleet.Agents;
using Ips.Fleet.Rollouts;

namespace Ips.Host.Tests.Fleet;

/// <summary>What an agent's driver makes of the answers of a service, and of its deploy folder.</summary>
[Trait("issue", "19")]
public sealed class ServiceDriverTests : IDisposable
{
    private readonly FakeService _service = new();

    public void Dispose() => _service.Dispose();

    [Fact]
    public async Task Look_SaysTheReleaseByItsName_OrByItsVersion()
    {
        Assert.Equal(new ServiceView("Serving") { Release = "1", Generation = 1 }, await _service.Driver.LookAsync(default));
        _service.Serves = null;
        Assert.Equal("1.2.3", (await _service.Driver.LookAsync(default)).Release);
    }

    [Fact]
    public async Task Look_NobodyThere_IsAViewThatSaysWhy()
    {
        File.Delete(_service.PidFile + ".sock");
        var view = await _service.Driver.LookAsync(default);
        Assert.Equal(("unreachable", $"No daemon is running: there is no PID file {_service.PidFile}."), (view.State, view.Fault));
    }

    [Fact]
    public async Task Check_OfARelease_IsADryRunThatNamesTheWayBack()
    {
        _service.Busy.Enqueue("waits until the successor is ready"); // which is waited for
        _service.OnReload = _ => _service.Remember(FakeService.Receipt("checked", null, null) with { NewPid = 11, DryRun = true });
        var step = await _service.Driver.CheckAsync(Check("2", "1", mustReturn: true), default);
        Assert.Equal(new StepState(StepKind.Check, StepPhase.Done) { Serves = "1", Former = "1" }, step);
        Assert.Equal([$$"""{"verb":"check-release","noQueue":true,"folder":"{{_service.Folder}}/releases/2"}"""], _service.Asked);
    }

    [Fact]
    public async Task Check_OfTheReleaseInPlace_NeedsNoReleases()
    {
        _service.Serves = null;
        _service.OnReload = _ => _service.Remember(FakeService.Receipt("checked", null, null) with { NewPid = 11, DryRun = true });
        var step = await _service.Driver.CheckAsync(Check(null, "1.2.3"), default);
        Assert.Equal(new StepState(StepKind.Check, StepPhase.Done) { Serves = "1.2.3" }, step);
        Assert.Equal(["""{"verb":"check","noQueue":true}"""], _service.Asked);
    }

    [Theory]
    [InlineData("9", null, false, "the release 9 cannot be started: there is no folder")]
    [InlineData("../1", null, false, "must begin with a letter or digit")]
    [InlineData("empty", null, false, "the release empty cannot be started: it has no App")]
    [InlineData("2", "0", false, "0 was expected to serve, and 1 serves")]
    public async Task Check_OfAReleaseThatCannotBe_FailsAndAsksForNothing(string release, string? expects, bool mustReturn, string reason)
    {
        Directory.CreateDirectory(Path.Combine(_service.Folder, "releases/empty"));
        AssertFailed(reason, await _service.Driver.CheckAsync(Check(release, expects, mustReturn), default));
        Assert.Empty(_service.Asked);
    }

    [Theory]
    [InlineData(null, "was not started by way of a link 'current'")]
    [InlineData("9", "the service could not return to 9: there is no folder")]
    public async Task Check_WithNoWayBack_Fails(string? serves, string reason)
    {
        _service.Serves = serves;
        AssertFailed(reason, await _service.Driver.CheckAsync(Check(null, null, mustReturn: true), default));
        Assert.Empty(_service.Asked);
    }

    [Fact]
    public async Task Check_Refused_SaysWhy()
    {
        _service.OnReload = _ => _service.Remember(FakeService.Receipt("refused", null, null, "it exited\nwith 1") with { NewPid = 11 });
        AssertFailed("refused: it exited\\nwith 1", await _service.Driver.CheckAsync(Check("2", null), default));
    }

    [Fact]
    public async Task Reload_Promoted_PointsCurrentAtIt()
    {
        _service.OnReload = _service.Promote;
        var step = await _service.Driver.ReloadAsync(Reload("2", "1"), default);
        Assert.Equal(new StepState(StepKind.Reload, StepPhase.Done) { Changed = true, Serves = "2" }, step);
        Assert.Equal(["""{"verb":"reload-once","expects":"1","id":"web-1:reload","release":"2"}"""], _service.Asked);
        Assert.Equal("releases/2", _service.Current);
        Assert.Equal((null, null), (_service.Journal.Asked, _service.Journal.Pinned));
        Assert.Equal(["1", "2"], _service.Journal.Promoted);
    }

    [Fact]
    public async Task RollBack_PinsTheRelease()
    {
        _service.OnReload = _service.Promote;
        var step = await _service.Driver.ReloadAsync(Reload("0", null) with { Kind = StepKind.RollBack }, default);
        Assert.Equal(new StepState(StepKind.RollBack, StepPhase.Done) { Changed = true, Serves = "0" }, step);
        Assert.Equal(("releases/0", "0"), (_service.Current, _service.Journal.Pinned?.Name));
        Assert.Equal(["1"], _service.Journal.Refused);
        AssertFailed("the release to return to has no name", await _service.Driver.ReloadAsync(Reload(null, null) with
        {
            Kind = StepKind.RollBack,
        }, default));
    }

    [Fact]
    public async Task Reload_Refused_LeavesCurrent_AndStaysRefusedByItsId()
    {
        _service.OnReload = request => _service.Remember(FakeService.Receipt("refused", request.Id, "2", "it exited with 1"));
        AssertFailed("refused: it exited with 1", await _service.Driver.ReloadAsync(Reload("2", "1"), default));
        Assert.Equal(("releases/1", null), (_service.Current, _service.Journal.Asked));
        Assert.Equal(["2"], _service.Journal.Refused);

        _service.Serves = "2"; // an operator has deployed it since
        File.Delete(Path.Combine(_service.Folder, "current"));
        File.CreateSymbolicLink(Path.Combine(_service.Folder, "current"), "releases/2");
        AssertFailed("refused: it exited with 1", await _service.NewDriver().ReloadAsync(Reload("2", "1"), default));
        Assert.Single(_service.Asked);
    }

    [Theory]
    [InlineData("0 was expected to serve, and 1 serves; nothing was started", "0 was expected to serve, and 1 serves")]
    [InlineData("unknown verb 'reload-once'; known are status", "is of a release that cannot be reloaded by a fleet")]
    public async Task Reload_AnsweredByAnError_ChangesNothing(string answer, string reason)
    {
        _service.OnReload = _ => new ControlEvent("error") { Message = answer };
        AssertFailed(reason, await _service.Driver.ReloadAsync(Reload("2", "0"), default));
        Assert.Equal(("releases/1", null), (_service.Current, _service.Journal.Asked));
        AssertFailed(reason, await _service.Driver.ReloadAsync(Reload(null, "0"), default));
    }

    // Killed between the promotion and the link: another agent asks again, and is given the outcome of the first.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Reload_AskedAgainAfterAKill_PutsCurrentRightAndReloadsNothing(bool known)
    {
        _service.WriteJournal(new DeployJournal { Asked = new AskedRelease("2", Rollback: false, DateTimeOffset.UnixEpoch) });
        _service.Serves = "2";
        if (known) _service.History.Add(FakeService.Receipt("promoted", "web-1:reload", "2"));
        var step = await _service.Driver.ReloadAsync(Reload("2", "1"), default);
        Assert.Equal(new StepState(StepKind.Reload, StepPhase.Done) { Changed = known, Serves = "2" }, step);
        Assert.Equal(("releases/2", null), (_service.Current, _service.Journal.Asked));
        Assert.Empty(_service.Asked);
    }

    [Fact]
    public async Task Reload_TheServiceSaysThatItServesAlready_PutsCurrentRight()
    {
        _service.OnReload = _ =>
        {
            _service.Serves = "2";
            return new ControlEvent("serving") { Message = "release 2 serves already; nothing was started" };
        };
        var step = await _service.Driver.ReloadAsync(Reload("2", "1"), default);
        Assert.Equal((StepPhase.Done, false, "releases/2"), (step.Phase, step.Changed, _service.Current));
    }

    // The main process was killed in the middle, and who is left serves.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Reload_OutcomeUnknown_IsDoneIfTheReleaseServes(bool serves)
    {
        _service.OnReload = request =>
        {
            _service.Serves = serves ? "2" : "1";
            return _service.Remember(FakeService.Receipt("stopped", request.Id, "2", "the main process ended"));
        };
        var step = await _service.Driver.ReloadAsync(Reload("2", "1"), default);
        if (serves) Assert.Equal(new StepState(StepKind.Reload, StepPhase.Done) { Changed = true, Serves = "2" }, step);
        else AssertFailed("stopped: the main process ended", step);
        Assert.Equal(serves ? "releases/2" : "releases/1", _service.Current);
    }

    [Fact]
    public async Task Reload_PromotedLongAgo_AndTakenBackSince_DoesNotPointCurrentAtIt()
    {
        _service.OnReload = request => _service.Remember(FakeService.Receipt("promoted", request.Id, "2"));
        AssertFailed("release 2 was promoted, and 1 serves by now", await _service.Driver.ReloadAsync(Reload("2", "1"), default));
        Assert.Equal("releases/1", _service.Current);
    }

    [Fact]
    public async Task Reload_ConnectionBreaks_IsAskedAgainByTheSameId()
    {
        var times = 0;
        _service.OnReload = request => ++times < 3 ? null : _service.Promote(request);
        Assert.Equal(StepPhase.Done, (await _service.Driver.ReloadAsync(Reload("2", "1"), default)).Phase);
        Assert.Single(_service.Asked.Distinct());
        Assert.Equal(3, times);
    }

    [Theory]
    [InlineData("2")]
    [InlineData(null)]
    public async Task Reload_AnotherOneCameFirst_IsAskedForAfterIt(string? release)
    {
        var times = 0;
        _service.OnReload = request =>
        {
            if (++times > 1) return _service.Promote(request);
            _service.Busy.Enqueue("waits until the successor is ready");
            return _service.Remember(FakeService.Receipt("refused", null, null, "a reload is already under way"));
        };
        var step = await _service.Driver.ReloadAsync(Reload(release, "1"), default);
        Assert.Equal((StepPhase.Done, true, 2), (step.Phase, step.Changed, times));
    }

    [Fact]
    public async Task Reload_InPlace_TouchesNoFile()
    {
        _service.OnReload = _service.Promote;
        var step = await _service.Driver.ReloadAsync(Reload(null, "1"), default);
        Assert.Equal(new StepState(StepKind.Reload, StepPhase.Done) { Changed = true, Serves = "1" }, step);
        Assert.Equal(["""{"verb":"reload-once","expects":"1","id":"web-1:reload"}"""], _service.Asked);
        Assert.False(File.Exists(Path.Combine(_service.Folder, "releases/.deploy.lock")));
    }

    [Fact]
    public async Task Reload_SomebodyElseDeploys_FailsAndSaysWho()
    {
        using var held = LockFile.TryAcquire(Path.Combine(_service.Folder, "releases/.deploy.lock"));
        AssertFailed("Another deploy or rollback is at work", await _service.Driver.ReloadAsync(Reload("2", "1"), default));
        Assert.Empty(_service.Asked);
    }

    [Fact]
    public async Task Reload_FolderThatOthersCanWriteTo_IsNotUsed()
    {
        File.SetUnixFileMode(Path.Combine(_service.Folder, "releases"), (UnixFileMode)0b111_111_111);
        AssertFailed("The releases in", await _service.Driver.ReloadAsync(Reload("2", "1"), default));
        AssertFailed("The releases in", await _service.Driver.CheckAsync(Check("2", "1"), default));
        Assert.Empty(_service.Asked);
    }

    [Fact]
    public async Task Reload_LongReason_IsCut()
    {
        _service.OnReload = request => _service.Remember(FakeService.Receipt("refused", request.Id, "2", new string('x', 2000)));
        var step = await _service.Driver.ReloadAsync(Reload("2", "1"), default);
        Assert.Equal(StepState.LongestReason, step.Reason!.Length);
    }

    private static void AssertFailed(string reason, StepState step)
    {
        Assert.Equal((StepPhase.Failed, false), (step.Phase, step.Changed));
        Assert.Contains(reason, step.Reason, StringComparison.Ordinal);
    }

    private static ServiceOrder Check(string? release, string? expects, bool mustReturn = false) =>
        new("web-1:check", StepKind.Check, release, expects, mustReturn);

    private static ServiceOrder Reload(string? release, string? expects) => new("web-1:reload", StepKind.Reload, release, expects);
}
