using Akka.Actor;
using Ips.Actors.Diagnostics;
using Ips.Actors.Lifecycle;
using Ips.Actors.Supervise;
using Microsoft.Extensions.Logging;

namespace Ips.Actors.Hosting;

/// <summary>Parent of all actors. A child that fails is restarted, and LifecycleActor asks again what may have been lost; one that
/// fails more than ten times in a minute, or was stopped, is lost: the generation drains and exits.</summary>
/// <remarks>Not so those that speak with other processes: a running service must not end for what a peer says, so they are restarted
/// however often they fail. When ReloaderActor does so more than ten times in a minute, the successor is given up: a rollback.</remarks>
internal sealed class ActorGuardian : UntypedActor
{
    private const int MaxRestarts = 10;
    private static readonly TimeSpan RestartWindow = TimeSpan.FromMinutes(1);

    /// <summary>The actors that speak with other processes, by name.</summary>
    private static readonly HashSet<string> FacingPeers = ["reloader", "predecessor", "takeover", "control"];

    private readonly ILogger _log;
    private readonly Action<ExitCode> _exit;
    private readonly IActorRef _lifecycle;

    /// <param name="compose">Makes the actors, LifecycleActor first.</param>
    /// <param name="exit">Ends the process when LifecycleActor itself is lost.</param>
    /// <param name="log">For restarts and losses.</param>
    public ActorGuardian(Func<IUntypedActorContext, IReadOnlyList<IActorRef>> compose, Action<ExitCode> exit, ILogger log)
    {
        (_exit, _log) = (exit, log);
        var actors = compose(Context);
        _lifecycle = actors[0];
        foreach (var actor in actors)
        {
            Context.Watch(actor);
        }
    }

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case Terminated terminated: OnTerminated(terminated); break;
            default: Unhandled(message); break;
        }
    }

    protected override SupervisorStrategy SupervisorStrategy() => new RestartStrategy(this);

    private void OnTerminated(Terminated terminated)
    {
        var actor = terminated.ActorRef.Path.Name;
        _log.ActorLost(actor);
        if (terminated.ActorRef.Equals(_lifecycle))
        {
            _exit(ExitCode.InternalError);
        }
        else
        {
            _lifecycle.Tell(new LifecycleEvent.ActorLost(actor));
        }
    }

    // Akka's own default stops an actor that was killed; here every failure is a reason to restart.
    private sealed class RestartStrategy(ActorGuardian supervisor) : OneForOneStrategy(MaxRestarts, RestartWindow, _ => Directive.Restart)
    {
        public override void ProcessFailure(
            IActorContext context, bool restart, IActorRef child, Exception cause, Akka.Actor.Internal.ChildRestartStats stats,
            IReadOnlyCollection<Akka.Actor.Internal.ChildRestartStats> children)
        {
            // As the base class does, but told apart: one that has used up its restarts did not restart.
            var usedUp = !stats.RequestRestartPermission(MaxRestarts, (int)RestartWindow.TotalMilliseconds);
            if (!restart || (usedUp && !FacingPeers.Contains(child.Path.Name)))
            {
                context.Stop(child);
                return;
            }

            RestartChild(child, cause, suspendFirst: false);
            if (!usedUp)
            {
                supervisor._log.ActorRestarted(cause, child.Path.Name);
            }
            else if (child.Path.Name == "reloader")
            {
                supervisor._log.SuccessorGivenUp(MaxRestarts, RestartWindow.TotalSeconds);
                child.Tell(new ReloaderOrder
                    .GiveUpSuccessor($"the actor that speaks with it failed {MaxRestarts} times: {cause.GetBaseException().Message}"));
            }

            supervisor._lifecycle.Tell(new LifecycleEvent.ActorRestarted(child.Path.Name));
        }
    }
}

internal static partial class GuardianLog
{
    [LoggerMessage(EventIds.ActorRestarted, LogLevel.Error, "Actor {Actor} failed and restarts; it loses no state.")]
    public static partial void ActorRestarted(this ILogger logger, Exception exception, string actor);

    [LoggerMessage(EventIds.SuccessorGivenUp, LogLevel.Error,
        "Actor reloader failed over {Restarts} times in {Seconds} s: dropped the successor, still serving.")]
    public static partial void SuccessorGivenUp(this ILogger logger, int restarts, double seconds);

    [LoggerMessage(EventIds.ActorLost, LogLevel.Critical, "Actor {Actor} keeps failing; this generation drains and exits.")]
    public static partial void ActorLost(this ILogger logger, string actor);
}
