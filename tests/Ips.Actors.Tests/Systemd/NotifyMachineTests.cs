using Ips.Actors.Lifecycle;
using Ips.Actors.Systemd;
using static Ips.Actors.Lifecycle.LifecycleEffect;
using static Ips.Actors.Lifecycle.LifecycleState;

namespace Ips.Actors.Tests.Systemd;

/// <summary>What is told follows from what was done, and only the main process tells.</summary>
public sealed class NotifyMachineTests
{
    private static readonly NotifyStanding Main = new(IsMain: true);

    [Fact]
    public void Published_FirstTime_IsReadyAndMain()
    {
        var (standing, message) = After(new NotifyStanding(), new PublishIdentity(), new Serving());
        Assert.Equal(Main, standing);
        Assert.Equal(new NotifyMessage { MainPid = 4711, Ready = true, Status = "Generation 7 serves." }, message);
    }

    [Fact]
    public void Published_UnderASupervisor_LeavesTheMainPid() =>
        Assert.Null(NotifyMachine.After(new NotifyStanding(), new PublishIdentity(),
            Facts(new Serving()) with { Supervised = true }).Message!.MainPid);

    [Fact]
    public void Published_WithWatchdog_GivesASignAtOnce() =>
        Assert.True(NotifyMachine.After(new NotifyStanding(), new PublishIdentity(),
            Facts(new Serving()) with { Watchdog = true }).Message!.Watchdog);

    [Fact]
    public void Spawn_OfAReload_IsToldOnce()
    {
        var (standing, message) = After(Main, new BeginReload("test"), new AwaitingReady());
        Assert.Equal(123_456, message!.ReloadingAtUsec);
        Assert.Null(After(standing, new BeginReload("restart of an actor"), new AwaitingReady()).Message);
    }

    [Fact]
    public void Spawn_OfACheck_IsNotTold() =>
        Assert.Null(After(Main, new BeginReload("test", DryRun: true), new AwaitingReady(DryRun: true)).Message);

    [Fact]
    public void TakenBack_WhilePromoting_TellsTheMainPidAgainAndReadyAtTheEnd()
    {
        var reloading = Main with { Reloading = true };
        var (standing, message) = After(reloading, new PublishIdentity(), new RollingBack(RoleGiven: true));
        Assert.Equal(new NotifyMessage { MainPid = 4711 }, message);
        Assert.Equal(reloading, standing);

        (standing, message) = NotifyMachine.After(standing, new FinishReload(),
            Facts(new Serving()) with { LastReceipt = Receipt("rolled-back", "no health.") });
        Assert.Equal(Main, standing);
        Assert.Equal(new NotifyMessage
        {
            Ready = true,
            Status = "Generation 7 serves; the reload to generation 8 was rolled back: no health."
        }, message);
    }

    [Fact]
    public void HandedOver_TheSuccessorIsNamed_AndNothingMoreIsTold()
    {
        var facts = Facts(new Moving()) with { SuccessorPid = 4712 };
        var (standing, message) = NotifyMachine.After(Main with { Reloading = true }, new HandOverIdentity(), facts);
        Assert.Equal(new NotifyMessage { MainPid = 4712, Ready = true }, message);
        Assert.Null(NotifyMachine.After(Main, new HandOverIdentity(), facts with { Supervised = true }).Message);

        // A successor from outside is none of this unit: for the manager the service ends.
        var (ended, goodbye) = NotifyMachine.After(Main with { Reloading = true }, new HandOverIdentity(), facts with { Takeover = true });
        Assert.Equal((true, null, false), (goodbye!.Stopping, goodbye.MainPid, ended.IsMain));
        Assert.Null(After(standing, new FinishReload(), new Draining(ExitCode.Clean, StopSeen: false, HandedOver: true)).Message);
        Assert.Null(NotifyMachine.OnTurn(standing, watchdog: true));
    }

    [Fact]
    public void Stop_OfTheMainProcess_IsToldOnceAndProlonged()
    {
        var (standing, message) = After(Main, new FrontOrder.FailReadiness(), new LameDuck());
        Assert.True(message!.Stopping);
        Assert.Equal(NotifyMachine.Extension, message.ExtendTimeout);
        Assert.Null(After(standing, new ArmDrainTimer(), new Draining(ExitCode.Clean, StopSeen: true)).Message);
        Assert.Equal(new NotifyMessage { ExtendTimeout = NotifyMachine.Extension }, NotifyMachine.OnTurn(standing, watchdog: false));
    }

    // systemd ends the unit at STOPPING=1, whoever says it: neither of these may.
    [Fact]
    public void Stop_OfOneThatIsNotMain_IsNotTold()
    {
        Assert.Null(After(new NotifyStanding(), new ArmDrainTimer(), new Draining(ExitCode.Clean, StopSeen: true)).Message);
        var (standing, message) = After(Main, new FrontOrder.FailReadiness(),
            new Draining(ExitCode.Clean, StopSeen: true, HandedOver: true, Way: MoveWay.Predecessor));
        Assert.Null(message);
        Assert.False(standing.IsMain);
    }

    [Fact]
    public void Stop_DuringAReload_DoesNotSayReady()
    {
        var (standing, message) = After(Main with { Reloading = true }, new DisarmSuccessorTimer(),
            new Draining(ExitCode.Clean, StopSeen: true, SuccessorAlive: true));
        Assert.True(message!.Stopping);
        Assert.Null(After(standing, new FinishReload(), new Draining(ExitCode.Clean, StopSeen: true, SuccessorAlive: true)).Message);
    }

    [Fact]
    public void Turn_NothingUnderWay_IsASignOfLifeOnly()
    {
        Assert.Null(NotifyMachine.OnTurn(Main, watchdog: false));
        Assert.Equal(new NotifyMessage { Watchdog = true }, NotifyMachine.OnTurn(Main, watchdog: true));
        Assert.Equal(new NotifyMessage { Watchdog = true, ExtendTimeout = NotifyMachine.Extension },
            NotifyMachine.OnTurn(Main with { Reloading = true }, watchdog: true));
    }

    [Fact]
    public void Refused_BeforeAnythingStarted_ChangesTheStatusOnly()
    {
        var facts = Facts(new Serving()) with { LastReceipt = Receipt("refused", "the configuration is invalid") };
        Assert.Equal(
            new NotifyMessage { Status = "Generation 7 serves; the reload to generation 8 was refused: the configuration is invalid." },
            NotifyMachine.Refused(Main, facts));
        Assert.Null(NotifyMachine.Refused(Main with { Reloading = true }, facts));
    }

    private static (NotifyStanding Standing, NotifyMessage? Message) After(NotifyStanding standing, LifecycleEffect effect,
        LifecycleState state) =>
        NotifyMachine.After(standing, effect, Facts(state));

    private static NotifyFacts Facts(LifecycleState state) =>
        new(4711, 7, Supervised: false, state, 123_456, Watchdog: false, LastReceipt: null);

    private static ReloadReceipt Receipt(string outcome, string reason) =>
        new(outcome, 4711, 7, 4712, 8, reason, DateTimeOffset.UnixEpoch, 1);
}
