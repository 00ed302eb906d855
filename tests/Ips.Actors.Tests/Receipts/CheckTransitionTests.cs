using Ips.Actors.Lifecycle;
using static Ips.Actors.Lifecycle.FrontOrder;
using static Ips.Actors.Lifecycle.LifecycleEffect;
using static Ips.Actors.Lifecycle.LifecycleEvent;
using static Ips.Actors.Lifecycle.LifecycleState;
using static Ips.Actors.Lifecycle.ListenerOrder;
using static Ips.Actors.Lifecycle.PredecessorOrder;
using static Ips.Actors.Lifecycle.ReloaderOrder;

namespace Ips.Actors.Tests.Receipts;

/// <summary>The rows of the state table that a dry run adds.</summary>
public sealed class CheckTransitionTests
{
    [Fact]
    public void Serving_CheckRequested_SpawnsASuccessorThatWillNotAccept()
    {
        var next = LifecycleMachine.Next(new Serving(), new CheckRequested("test"));
        Assert.Equal(new AwaitingReady(DryRun: true), next.State);
        Assert.Equal([new BeginReload("test", DryRun: true), new SpawnSuccessor(DryRun: true), new ArmSuccessorTimer(WithRoom: true)],
            next.Effects);
    }

    [Fact]
    public void Check_SuccessorReady_IsNotedAndEndedWithoutQuiescing()
    {
        var next = LifecycleMachine.Next(new AwaitingReady(DryRun: true), new SuccessorReady());
        Assert.Equal(new RollingBack(), next.State);
        Assert.Equal(3, next.Effects.Count);
        Assert.IsType<DisarmSuccessorTimer>(next.Effects[0]);
        Assert.IsType<NoteChecked>(next.Effects[1]);
        Assert.False(Assert.IsType<EndSuccessor>(next.Effects[2]).FinishRequests);
    }

    [Fact]
    public void Check_SuccessorGone_ServesAndFinishes() =>
        Assert.Contains(new FinishReload(), LifecycleMachine.Next(new RollingBack(), new SuccessorGone()).Effects);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void AwaitingReady_AnyFailure_IsARefusalForAReloadAndForACheck(bool dryRun)
    {
        foreach (LifecycleEvent failure in new LifecycleEvent[] { new SuccessorFailed("why", false), new SuccessorTimedOut() })
        {
            var next = LifecycleMachine.Next(new AwaitingReady(dryRun), failure);
            Assert.IsType<RollingBack>(next.State);
            Assert.Equal(ReloadOutcome.Refused, Assert.Single(next.Effects.OfType<NoteFailure>()).Outcome);
        }
    }

    [Theory]
    [MemberData(nameof(Refusing))]
    public void AnyOtherState_CheckRequested_IsRefused(string name)
    {
        var state = States[name];
        var next = LifecycleMachine.Next(state, new CheckRequested("test"));
        Assert.Equal(state, next.State);
        Assert.IsType<RefuseReload>(Assert.Single(next.Effects));
    }

    [Fact]
    public void Check_ActorRestarts_IsSpawnedAgainAsACheck() =>
        Assert.Contains(LifecycleMachine.Resume(new AwaitingReady(DryRun: true)), effect => effect is SpawnSuccessor { DryRun: true });

    public static TheoryData<string> Refusing => [.. States.Keys];

    private static Dictionary<string, LifecycleState> States { get; } = new LifecycleState[]
    {
        new Starting(), new Joining(), new Ready(), new Proving(), new AwaitingReady(), new AwaitingReady(DryRun: true), new Overlapping(),
            new OnProbation(),
        new Yielding(), new Promoting(), new RollingBack(), new RollingBack { Queued = true }, new LameDuck(),
            new Draining(ExitCode.Clean, false), new Exiting(ExitCode.Clean),
    }.ToDictionary(state => state.ToString());
}
