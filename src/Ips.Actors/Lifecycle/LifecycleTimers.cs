using Akka.Actor;
using Ips.Actors.Configuration;
using Microsoft.Extensions.Logging;
using static Ips.Actors.Lifecycle.LifecycleEffect;

namespace Ips.Actors.Lifecycle;

/// <summary>The clocks of LifecycleActor: each tells it an event when its time is over.</summary>
internal sealed class LifecycleTimers(
    IWithTimers owner, IActorRef self, LifecycleMemory memory, IpsOptions options, TimeProvider time, ILogger log)
{
    // Idle connections take milliseconds; busy ones follow while draining.
    private static readonly TimeSpan MoveTimeout = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan AbortTimeout = TimeSpan.FromSeconds(5);

    /// <summary>Starts or stops a clock.</summary>
    public void Run(TimerEffect effect)
    {
        switch (effect)
        {
            case ArmSuccessorTimer arm:
                Arm(new LifecycleEvent.SuccessorTimedOut(),
                options.Reload.ReadyTimeout + (arm.WithRoom ? options.Reload.RoomTimeout : TimeSpan.Zero)); break;
            case DisarmSuccessorTimer: owner.Timers.Cancel(nameof(LifecycleEvent.SuccessorTimedOut)); break;
            case ArmProbationTimer: Arm(new LifecycleEvent.ProbationTimeOver(), options.Reload.Probation); break;
            case DisarmProbationTimer: owner.Timers.Cancel(nameof(LifecycleEvent.ProbationTimeOver)); break;
            case ArmLameDuckTimer: Arm(new LifecycleEvent.LameDuckEnded(), options.Drain.LameDuck); break;
            case ArmMoveTimer: Arm(new LifecycleEvent.MoveTimedOut(), MoveTimeout); break;
            case ArmDrainTimer: ArmDrain(); break;
            case ArmAbortTimer: Arm(new LifecycleEvent.AbortTimedOut(), AbortTimeout); break;
            default: throw new System.Diagnostics.UnreachableException($"Effect {effect} has no handler.");
        }
    }

    // A zero duration means now, without a turn of the scheduler.
    private void Arm(LifecycleEvent @event, TimeSpan after)
    {
        if (after <= TimeSpan.Zero)
        {
            self.Tell(@event);
        }
        else
        {
            owner.Timers.StartSingleTimer(@event.GetType().Name, @event, after);
        }
    }

    private void ArmDrain()
    {
        var now = time.GetTimestamp();
        if (memory.DrainDeadline is null)
        {
            log.DrainBegan(options.Drain.Timeout.TotalSeconds);
            memory.DrainDeadline = now + (long)(options.Drain.Timeout.TotalSeconds * time.TimestampFrequency);
        }

        // Asked again after a restart: the deadline stays where it was.
        Arm(new LifecycleEvent.DrainTimedOut(), time.GetElapsedTime(now, memory.DrainDeadline.Value));
    }
}
