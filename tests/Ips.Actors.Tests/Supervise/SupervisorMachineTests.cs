using Ips.Actors.Posix;
using Ips.Actors.Supervise;
using static Ips.Actors.Supervise.SupervisorEffect;
using static Ips.Actors.Supervise.SupervisorEvent;

namespace Ips.Actors.Tests.Supervise;

public sealed class SupervisorMachineTests
{
    private static readonly ProcessExit Clean = new(0, 0), Killed = new(0, 9), Aborted = new(3, 0), Failed = new(1, 0);

    private SupervisorState _state = new();
    private TimeSpan _now = TimeSpan.FromHours(1);

    [Fact]
    public void Start_FirstGenerationCannotStart_EndsWithItsCode()
    {
        Tell(new Started(10));
        Assert.Equal([new Exit(2)], Tell(Ended(10, new ProcessExit(2, 0))));
    }

    [Fact]
    public void Stop_MainEndsCleanly_EndsWithItsCodeOnceTheLastDrainHasEnded()
    {
        Serve(10, 1);
        Serve(11, 2);
        Assert.Equal([new Forward(11, 15)], Tell(new Signalled(15, Stops: true)));
        Assert.Empty(Tell(Ended(11, Aborted, alive: [10])));
        Assert.Equal([new Exit(3)], Tell(Ended(10, Clean)));
    }

    [Fact]
    public void Reload_PredecessorEnds_GoesOn()
    {
        Serve(10, 1);
        Serve(11, 2);
        Assert.Empty(Tell(Ended(10, Clean, alive: [11])));
        Assert.Equal([new Forward(11, 12)], Tell(new Signalled(12, Stops: false)));
    }

    [Fact]
    public void Crash_OfMain_RestartsWithBackOffAndAfterTwoWithTheLastGoodRelease()
    {
        Serve(10, 1);
        var delays = new List<TimeSpan>();
        var lastGood = new List<bool>();
        for (var pid = 10; pid < 16; pid++)
        {
            var effects = Tell(Ended(pid, Killed));
            delays.Add(Assert.IsType<ArmBackOff>(effects[^1]).Delay);
            lastGood.Add(Assert.IsType<Start>(Assert.Single(Tell(new BackOffOver()))).LastGood);
            Serve(pid + 1, pid);
        }

        Assert.Equal([0.1, 1, 2, 4, 8, 16], delays.Select(delay => delay.TotalSeconds));
        Assert.Equal([false, true, true, true, true, true], lastGood);
    }

    [Fact]
    [Trait("issue", "11")]
    public void Crash_AfterGivingUpWhatOnlyRootCanOpen_EndsWithItsCode()
    {
        _state = _state with { BoundByRoot = true };
        Serve(10, 1);
        Assert.IsType<ArmBackOff>(Tell(Ended(10, Killed))[^1]); // its sockets are held here
        Serve(11, 2);
        Tell(new Released(11));
        var exit = new ProcessExit(70, 0);
        Assert.Equal([new NoteCrash(11, exit, 2), new NoteUnbindable(), new Exit(70)], Tell(Ended(11, exit)));
    }

    [Fact]
    public void Crash_AfterALongTimeOfServing_CountsAsTheFirst()
    {
        Serve(10, 1);
        Tell(Ended(10, Killed));
        Tell(new BackOffOver());
        Serve(11, 2);
        _now += SupervisorMachine.SoundAfter;
        Assert.Equal([new NoteCrash(11, Killed, 1), new ArmBackOff(SupervisorMachine.Delay(1))], Tell(Ended(11, Killed)));
    }

    [Fact]
    public void Crash_RestartThatCannotStart_CountsAsACrash()
    {
        Serve(10, 1);
        Tell(Ended(10, Killed));
        Tell(new BackOffOver());
        Tell(new Started(11));
        Assert.Equal([new NoteCrash(11, Failed, 2), new ArmBackOff(SupervisorMachine.Delay(2))], Tell(Ended(11, Failed)));
        Assert.Equal([new Start(LastGood: true)], Tell(new BackOffOver()));
        Assert.Equal([new NoteCrash(0, ProcessExit.Unknown, 3), new ArmBackOff(SupervisorMachine.Delay(3))], Tell(new StartFailed(_now)));
    }

    [Fact]
    public void Crash_TooManyInARow_Ends()
    {
        Serve(10, 1);
        IReadOnlyList<SupervisorEffect> last = [];
        for (var crash = 1; crash <= SupervisorMachine.MaxCrashes; crash++)
        {
            last = Tell(Ended(9 + crash, Killed));
            Tell(new BackOffOver());
            if (crash < SupervisorMachine.MaxCrashes) Serve(10 + crash, 1 + crash);
        }

        Assert.Equal(new Exit(137), last[^1]);
    }

    [Fact]
    public void Crash_WhileASuccessorStarts_LeavesTheServiceToIt()
    {
        Serve(10, 1);
        Tell(new Joined(11, 2));
        Assert.IsType<NoteCrash>(Assert.Single(Tell(Ended(10, Killed, alive: [11]))));
        Serve(11, 2);
        Assert.Equal([new Forward(11, 15)], Tell(new Signalled(15, Stops: true)));
    }

    // One that was started after a crash and ends before it has said a word has no number yet, and no successor: the one before the crash
    // only drains.
    [Fact]
    [Trait("issue", "11")]
    public void Crash_OfARestartWhileAnOlderGenerationDrains_Restarts()
    {
        Serve(10, 1);
        Serve(11, 2);
        Tell(Ended(11, Killed, alive: [10]));
        Tell(new BackOffOver());
        Tell(new Started(12));
        Assert.Equal([new NoteCrash(12, Killed, 2), new ArmBackOff(TimeSpan.FromSeconds(1))], Tell(Ended(12, Killed, alive: [10])));
        Assert.Equal([new Start(LastGood: true)], Tell(new BackOffOver()));
    }

    [Fact]
    public void Crash_WhileASuccessorStartsThatFailsAsWell_Restarts()
    {
        Serve(10, 1);
        Tell(new Joined(11, 2));
        Tell(Ended(10, Killed, alive: [11]));
        Assert.IsType<ArmBackOff>(Tell(Ended(11, Failed))[^1]);
        Assert.Equal([new Start(LastGood: false)], Tell(new BackOffOver()));
    }

    [Fact]
    public void Crash_WhileAnOlderOneDrains_RestartsAtOnce()
    {
        Serve(10, 1);
        Serve(11, 2);
        Assert.IsType<ArmBackOff>(Tell(Ended(11, Killed, alive: [10]))[^1]);
    }

    [Fact]
    public void Crash_BeforeThePredecessorsEndWasTold_IsSeen()
    {
        Serve(10, 1);
        Serve(11, 2);
        Assert.Empty(Tell(Ended(10, Clean))); // 11 is dead already
        Assert.IsType<ArmBackOff>(Tell(Ended(11, ProcessExit.Unknown))[^1]);
    }

    [Fact]
    public void Crash_OfASuccessorOnProbation_IsItsPredecessorsBusiness()
    {
        Serve(10, 1);
        Tell(new Joined(11, 2));
        Assert.Empty(Tell(Ended(11, Killed, alive: [10])));
        Assert.Equal([new Forward(10, 10)], Tell(new Signalled(10, Stops: false)));
    }

    [Fact]
    public void Stop_MainCrashesOnTheWay_DoesNotRestart()
    {
        Serve(10, 1);
        Tell(new Signalled(15, Stops: true));
        Assert.Equal([new Exit(139)], Tell(Ended(10, new ProcessExit(0, 11))));
    }

    [Fact]
    public void Stop_StatusTakenBySomeoneElse_IsKnownByTheReleasedSockets()
    {
        Serve(10, 1);
        Tell(new Released(10));
        Assert.Equal([new Exit(0)], Tell(Ended(10, ProcessExit.Unknown)));
    }

    [Fact]
    public void Stop_BeforeARestart_Ends()
    {
        Serve(10, 1);
        Tell(Ended(10, Killed));
        Assert.Equal([new ExplainLostSignal(12)], Tell(new Signalled(12, Stops: false)));
        Assert.Equal([new Exit(1)], Tell(new Signalled(15, Stops: true)));
    }

    [Fact]
    public void End_OfAnOrphanOrToldTwice_MeansNothing()
    {
        Serve(10, 1);
        Assert.Empty(Tell(Ended(99, Killed, alive: [10])));
        Tell(Ended(10, Killed));
        Assert.Empty(Tell(Ended(10, ProcessExit.Unknown)));
    }

    private SupervisorEvent.Ended Ended(int pid, ProcessExit exit, params int[] alive) => new(pid, exit, alive.ToHashSet(), _now);

    private void Serve(int pid, int generation)
    {
        Tell(new Joined(pid, generation));
        Assert.Empty(Tell(new BecameMain(pid, generation, _now)));
    }

    private IReadOnlyList<SupervisorEffect> Tell(SupervisorEvent @event)
    {
        var next = SupervisorMachine.Next(_state, @event);
        _state = next.State;
        return next.Effects;
    }
}
