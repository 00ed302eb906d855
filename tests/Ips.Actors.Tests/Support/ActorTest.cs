using Akka.Actor;
using Akka.TestKit;
using Akka.TestKit.Xunit2;

namespace Ips.Actors.Tests.Support;

/// <summary>Actors under a scheduler that stands still until a test advances it.</summary>
public abstract class ActorTest() : TestKit(
    """
    akka {
      loglevel = OFF
      stdout-loglevel = OFF
      scheduler.implementation = "Akka.TestKit.TestScheduler, Akka.TestKit"
      test.default-timeout = 20s
      test.single-expect-default = 20s
    }
    """)
{
    /// <summary>Longest wait for what must happen; never waited for in a test that passes.</summary>
    protected static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <summary>Virtual time.</summary>
    protected TestScheduler Clock => (TestScheduler)Sys.Scheduler;

    /// <summary>Starts an actor under a parent that restarts it whatever happens, as <c>ActorGuardian</c> does.</summary>
    protected IActorRef Supervise(Props props, string name = "tested")
    {
        var parent = Sys.ActorOf(Akka.Actor.Props.Create(() => new RestartingParent(props, name)));
        return parent.Ask<IActorRef>(RestartingParent.GetChild.Instance, Patience).Result;
    }

    /// <summary>Returns when the actor has worked on everything that it was sent before.</summary>
    protected static async Task RoundTrip(IActorRef actor) => await actor.Ask<ActorIdentity>(new Identify(null), Patience);

    /// <summary>Returns when the condition holds. TestKit alone would look only ten times in all, seconds apart.</summary>
    protected Task Until(Func<Task<bool>> condition) => AwaitConditionAsync(condition, Patience, TimeSpan.FromMilliseconds(5));

    /// <summary>The same for what need not be asked for.</summary>
    protected Task Until(Func<bool> condition) => Until(() => Task.FromResult(condition()));

    /// <summary>Everything that waits in a probe.</summary>
    protected static List<object> Drain(TestProbe probe)
    {
        var messages = new List<object>();
        while (probe.HasMessages)
        {
            messages.Add(probe.ReceiveOne(TimeSpan.Zero));
        }

        return messages;
    }

    /// <summary>Ends the actors: what a test cleans up after this is nobody's any more.</summary>
    protected override void AfterAll()
    {
        Shutdown();
        base.AfterAll();
    }

    private sealed class RestartingParent : ReceiveActor
    {
        public RestartingParent(Props props, string name)
        {
            var child = Context.ActorOf(props, name);
            Receive<GetChild>(_ => Sender.Tell(child));
        }

        protected override SupervisorStrategy SupervisorStrategy() => new OneForOneStrategy(_ => Directive.Restart);

        public sealed class GetChild
        {
            public static readonly GetChild Instance = new();
        }
    }
}
