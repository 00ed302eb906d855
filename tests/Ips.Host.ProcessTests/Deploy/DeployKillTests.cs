using System.Globalization;
using Ips.Actors.Diagnostics;
using Ips.Actors.Launch;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Load;
using Ips.Testing.Processes;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests.Deploy;

/// <summary>kill -9 in each step of a deploy and of a rollback, and of the service in the middle of a rollback: the service answers,
/// nothing is lost, and the next command mends.</summary>
[Trait("issue", "17")]
public sealed class DeployKillTests(ITestOutputHelper output) : DeployTest(output)
{
    private const string Waits = "while it waits for another reload", Copies = "while it copies",
        AwaitsPromotion = "while it waits for the promotion", AwaitsRefusal = "while it waits for a refusal",
        BeforeLink = "between the promotion and the link", AfterLink = "right after the link";

    private static readonly string[] Old = ["a", "b", "c", "d", "e", "f"];

    private DeployJournal Journal => DeployJournal.TryRead(Shelf);

    // Each moment is seen from outside: by a folder, an event of the service, or the link. A rollback copies nothing.
    [Theory]
    [InlineData(false, Waits)]
    [InlineData(false, Copies)]
    [InlineData(false, AwaitsPromotion)]
    [InlineData(false, AwaitsRefusal)]
    [InlineData(false, BeforeLink)]
    [InlineData(false, AfterLink)]
    [InlineData(true, Waits)]
    [InlineData(true, AwaitsPromotion)]
    [InlineData(true, AwaitsRefusal)]
    [InlineData(true, BeforeLink)]
    [InlineData(true, AfterLink)]
    public async Task Kill_AtAnyStep_ServiceAnswersAndTheNextDeployMends(bool rollback, string moment)
    {
        var (service, from, to) = await StartOneAsync(rollback);
        await using var load = StrictLoad.Start(FaultScene.LightLoad(service.Target));
        await load.WaitForRequestsAsync(1, Limits.Step);
        if (moment == Waits) await HoldReloadAsync(service, from);
        var mark = service.Log.Mark;
        var command = BeginHeld(service, rollback, to, moment);
        switch (moment)
        {
            case Waits:
                await Eventually.TrueAsync(() => command.Lines.Any(line => line.Text.StartsWith("waits for the reload",
                    StringComparison.Ordinal)), "a wait");
                await KillAsync(command);
                Releases.Unmark(from, SampleMarks.HoldBeforeHello);
                await service.Log.WaitForAsync(mark, EventIds.ReloadPromoted);
                await QuietAsync(service);
                Assert.DoesNotContain("cut off", (await DoctorAsync(service)).ToString(), StringComparison.Ordinal);
                break;
            case Copies:
                await Eventually.TrueAsync(() => Shelved.Any(name => name.StartsWith(".incoming-2", StringComparison.Ordinal)), "a copy");
                await KillAsync(command);
                Assert.Contains(Shelved, name => name.StartsWith(".incoming-2", StringComparison.Ordinal));
                Assert.DoesNotContain("2", Shelved);
                Assert.Contains(".incoming-2", (await DoctorAsync(service)).ToString(), StringComparison.Ordinal);
                break;
            case BeforeLink:
                await service.Log.WaitForAsync(mark, EventIds.SuccessorSpawned);
                await Killing.StopAsync(command.Pid); // it never reads the receipt
                Releases.Unmark(to, SampleMarks.HoldBeforeHello);
                await service.Log.WaitForAsync(mark, EventIds.ReloadPromoted);
                await KillAsync(command);
                break;
            case AfterLink:
                await Eventually.TrueAsync(() => Current == $"releases/{to}", "a switch of the link");
                await KillAsync(command);
                break;
            default:
                await service.Log.WaitForAsync(mark, EventIds.SuccessorSpawned);
                await KillAsync(command);
                Assert.Equal($"releases/{from}", Current);
                Releases.Unmark(to, SampleMarks.HoldBeforeHello);
                await service.Log.WaitForAsync(mark, EventIds.ReloadPromoted, EventIds.ReloadFailed);
                break;
        }

        var promoted = moment is AwaitsPromotion or BeforeLink or AfterLink;
        if (moment is AwaitsPromotion or BeforeLink) await AssertCutOffAsync(service, from, to);
        else await AssertInPlaceAsync(service, promoted ? to : from);
        string[] shelved = rollback || promoted || moment == AwaitsRefusal ? ["1", "2"] : ["1"];
        Assert.Equal(shelved, Shelved.Where(name => name[0] != '.'));
        AssertWhole(shelved); // what has a release's name is one
        await AssertMendedAsync(service, rollback, moment, (from, to), shelved);
        var report = await load.StopAsync();
        Output.WriteLine(report.ToString());
        Assert.Equal(0, report.FailedRequests);
    }

    // The next one mends first, says so, and does its own work. The release before it is the one that was promoted last, also by a command
    // that could not write it down, and never one that was taken back.
    private async Task AssertMendedAsync(Service service, bool rollback, string moment, (string From, string To) releases,
        IReadOnlyList<string> shelved)
    {
        var promoted = moment is AwaitsPromotion or BeforeLink or AfterLink;
        var next = await DeployAsync(service, Build("3"), "3");
        AssertCode(0, next);
        if (moment == Copies) AssertSays("which a command that was killed has left", next);
        if (moment is AwaitsPromotion or BeforeLink)
            AssertSays($"an earlier command was killed: release {releases.To} was promoted, and 'current' names it now", next);
        await AssertInPlaceAsync(service, "3");
        Assert.Equal([.. shelved, "3"], Shelved);
        Assert.DoesNotContain("deploy was cut off", (await DoctorAsync(service)).ToString(), StringComparison.Ordinal);
        Assert.Null(Journal.Asked);
        Assert.Equal(rollback && promoted, Journal.Refused.Contains(releases.From));

        AssertCode(0, await RollbackAsync(service));
        await AssertInPlaceAsync(service, promoted ? releases.To : releases.From);
    }

    [Fact]
    public async Task Kill_BetweenThePromotionAndTheLink_TheSameDeployAgainOnlyMends()
    {
        var (service, from, to) = await StartOneAsync(rollback: false);
        var command = BeginHeld(service, rollback: false, to, AwaitsPromotion);
        await service.Log.WaitForAsync(0, EventIds.SuccessorSpawned);
        await KillAsync(command);
        Releases.Unmark(to, SampleMarks.HoldBeforeHello);
        await service.Log.WaitForAsync(0, EventIds.ReloadPromoted);
        await AssertCutOffAsync(service, from, to);
        var generation = (await service.StatusAsync()).Generation;
        var again = await DeployAsync(service, Releases.PathOf("2"));
        AssertCode(0, again);
        AssertSays("release 2 was promoted, and 'current' names it now", again);
        await AssertInPlaceAsync(service, "2");
        Assert.Equal(generation, (await service.StatusAsync()).Generation);
    }

    [Fact]
    public async Task Kill_OfARollback_IsMendedWithItsPin()
    {
        var (service, from, to) = await StartOneAsync(rollback: true);
        var mark = service.Log.Mark;
        var command = BeginHeld(service, rollback: true, to, BeforeLink);
        await service.Log.WaitForAsync(mark, EventIds.SuccessorSpawned);
        await Killing.StopAsync(command.Pid);
        Releases.Unmark(to, SampleMarks.HoldBeforeHello);
        await service.Log.WaitForAsync(mark, EventIds.ReloadPromoted);
        await KillAsync(command);
        await AssertCutOffAsync(service, from, to);
        AssertCode(1, await RollbackAsync(service)); // nothing is before 1; but what was cut off is mended
        await AssertInPlaceAsync(service, "1");
        Assert.NotNull((await service.StatusAsync()).Deployment!.PinnedSince);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Kill_WhileItRemovesOldReleases_LosesNoneThatIsNeeded(bool rollback)
    {
        var (service, from, to) = await StartOneAsync(rollback);
        await AddOldAsync();
        await using var load = StrictLoad.Start(FaultScene.LightLoad(service.Target));
        await load.WaitForRequestsAsync(1, Limits.Step);
        var command = BeginHeld(service, rollback, to, AfterLink);
        await Eventually.TrueAsync(() => Shelved.Any(name => name.StartsWith(".removing-a.", StringComparison.Ordinal)), "a removal");
        await KillAsync(command);

        var left = Assert.Single(Shelved, name => name[0] == '.');
        Assert.NotEmpty(Directory.EnumerateFiles(Path.Combine(Shelf, left), "*", SearchOption.AllDirectories)); // in the middle of it
        Assert.Equal(["1", "2", .. Old[1..]], Shelved.Where(name => name[0] != '.'));
        AssertWhole(["1", "2"]);
        await AssertInPlaceAsync(service, to);
        Assert.Equal(rollback, (await service.StatusAsync()).Deployment!.PinnedSince is not null);
        var doctor = await DoctorAsync(service);
        AssertSays($"a deploy was cut off, and has left {left} in {Shelf}", doctor);
        AssertSays("nothing uses it; the next `ips deploy` removes it", doctor);

        var next = await DeployAsync(service, Build("3"), "3");
        AssertCode(0, next);
        AssertSays($"removed {left}, which a command that was killed has left", next);
        await AssertInPlaceAsync(service, "3");
        Assert.DoesNotContain(Shelved, name => name[0] == '.' || name is "a" or "b"); // b was never begun, and is removed now
        AssertCode(0, await RollbackAsync(service));
        await AssertInPlaceAsync(service, to); // the one before 3; not the one that was taken back
        AssertWhole([to, "3"]);
        Assert.Equal(0, (await load.StopAsync()).FailedRequests);
        Assert.NotEqual(from, to);
    }

    [Fact]
    public async Task Rollback_SuccessorKilled_ChangesNothingAndWorksTheNextTime()
    {
        var (service, from, to) = await StartOneAsync(rollback: true);
        await using var load = StrictLoad.Start(FaultScene.LightLoad(service.Target));
        await load.WaitForRequestsAsync(1, Limits.Step);
        var mark = service.Log.Mark;
        var command = BeginHeld(service, rollback: true, to, AwaitsPromotion);
        var spawned = await service.Log.WaitForAsync(mark, EventIds.SuccessorSpawned);
        var successor = int.Parse(spawned["Pid"], CultureInfo.InvariantCulture);
        var loss = await Killing.KillAsync(successor, service, load);
        Assert.Equal(4, await command.WaitForExitAsync(Limits.Step));
        Assert.Contains(command.Lines, line => line.Text.Contains("release 1 was not promoted. 'current' still names 2",
            StringComparison.Ordinal));
        await AssertInPlaceAsync(service, from);
        Assert.Null(Journal.Asked);
        Assert.Null((await service.StatusAsync()).Deployment!.PinnedSince);
        Releases.Unmark(to, SampleMarks.HoldBeforeHello);
        AssertCode(0, await RollbackAsync(service)); // it had served well before: one death does not make it a bad one
        await AssertInPlaceAsync(service, to);
        loss.AssertIsAll((await load.StopAsync()).Failures);
    }

    // The release that is to come back is the only one that lives, so it serves; the command cannot know that.
    [Fact]
    public async Task Rollback_PredecessorKilled_WhoIsLeftServesAndTheNextCommandMends()
    {
        var (service, from, to) = await StartOneAsync(rollback: true);
        await using var load = StrictLoad.Start(FaultScene.LightLoad(service.Target));
        await load.WaitForRequestsAsync(1, Limits.Step);
        var mark = service.Log.Mark;
        var command = BeginHeld(service, rollback: true, to, AwaitsPromotion);
        await service.Log.WaitForAsync(mark, EventIds.SuccessorSpawned);
        var loss = await Killing.KillAsync(service.MainPid, service, load);
        Releases.Unmark(to, SampleMarks.HoldBeforeHello);
        Assert.Equal(1, await command.WaitForExitAsync(Limits.Step));
        Assert.Contains(command.Lines, line => line.Text.Contains(
            "The service carries on with release 1; if it is promoted, the next 'ips deploy' points 'current' at it",
            StringComparison.Ordinal));
        await service.Log.WaitForAsync(mark, EventIds.IdentityPublished);
        await AssertCutOffAsync(service, from, to);
        AssertWhole(["1", "2"]);
        AssertCode(1, await RollbackAsync(service)); // nothing is before 1; but what was cut off is mended
        await AssertInPlaceAsync(service, to);
        Assert.NotNull((await service.StatusAsync()).Deployment!.PinnedSince);
        loss.AssertIsAll((await load.StopAsync()).Failures);
    }

    /// <summary>A service of one release, and the other one that a command is to bring.</summary>
    private async Task<(Service Service, string From, string To)> StartOneAsync(bool rollback)
    {
        var service = await StartOneAsync();
        if (!rollback) return (service, "1", "2");
        AssertCode(0, await DeployAsync(service, Build("2"), "2"));
        return (service, "2", "1");
    }

    private DaemonProcess BeginHeld(Service service, bool rollback, string to, string moment)
    {
        var folder = rollback ? Releases.PathOf(to) : Build(to);
        if (moment is AwaitsPromotion or AwaitsRefusal or BeforeLink)
            File.WriteAllText(Path.Combine(folder, SampleMarks.HoldBeforeHello), "");
        if (moment == AwaitsRefusal) File.WriteAllText(Path.Combine(folder, SampleMarks.ThrowsInStart), "");
        if (moment == Copies) Fill(Path.Combine(folder, "large"), 256);
        return rollback ? BeginRollback(service) : BeginDeploy(service, folder, to);
    }

    private async Task HoldReloadAsync(Service service, string release)
    {
        Releases.Mark(release, SampleMarks.HoldBeforeHello);
        var mark = service.Log.Mark;
        service.Signal(ProcessTable.SigUsr2);
        await service.Log.WaitForAsync(mark, EventIds.SuccessorSpawned);
    }

    // It serves, the link does not name it, and status and doctor say so, and what mends it.
    private async Task AssertCutOffAsync(Service service, string from, string to)
    {
        Assert.Equal(($"releases/{from}", to), (Current, await ServingAsync(service)));
        await QuietAsync(service);
        Assert.Contains($"{to} serves, but ", (await IpsCommand.RunAsync("status", "--pid-file", service.PidFile)).ToString(),
            StringComparison.Ordinal);
        var doctor = await DoctorAsync(service);
        AssertSays($"release {to} serves, but ", doctor);
        AssertSays($"the next `ips deploy` mends it first, so does `ips deploy {Releases.PathOf(to)}`", doctor);
    }

    private static Task QuietAsync(Service service) =>
        Eventually.TrueAsync(async () => await service.StatusAsync() is { Phase: null, Pending: null }, "an end of the reload");

    /// <summary>Releases of the past, each younger than the one before it. The first has so many files that their removal takes its
    /// time.</summary>
    private async Task AddOldAsync()
    {
        var last = DateTime.MinValue;
        foreach (var folder in Old.Select(old => Releases.PathOf(old)))
        {
            await Eventually.TrueAsync(() =>
            {
                if (Directory.Exists(folder)) Directory.Delete(folder);
                return Directory.CreateDirectory(folder).CreationTimeUtc > last; // the file system's clock ticks now and then
            }, "a younger folder");
            last = Directory.GetCreationTimeUtc(folder);
        }

        for (var i = 0; i < 100; i++)
        {
            var inner = Directory.CreateDirectory(Path.Combine(Releases.PathOf(Old[0]), $"{i}")).FullName;
            for (var j = 0; j < 500; j++) File.Create(Path.Combine(inner, $"{j}")).Dispose();
        }
    }
}
