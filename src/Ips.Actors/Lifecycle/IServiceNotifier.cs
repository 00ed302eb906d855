namespace Ips.Actors.Lifecycle;

/// <summary>Reports to the service manager what LifecycleActor does; that actor, whose restarts it outlives, is the only user.</summary>
internal interface IServiceNotifier
{
    /// <summary>How often <see cref="Turn"/> is due: a third of what the watchdog expects, and at least every 5 s.</summary>
    TimeSpan TurnInterval { get; }

    /// <summary>An effect was carried out.</summary>
    /// <param name="effect">The effect.</param>
    /// <param name="state">Where the generation stands now.</param>
    /// <param name="lastReceipt">The newest reload or check.</param>
    /// <param name="successorPid">The successor of the reload under way.</param>
    /// <param name="takeover">It is a takeover: not a process of the unit.</param>
    void After(LifecycleEffect effect, LifecycleState state, ReloadReceipt? lastReceipt, int? successorPid, bool takeover = false);

    /// <summary>A reload was refused before anything was started.</summary>
    void Refused(LifecycleState state, ReloadReceipt receipt);

    /// <summary>LifecycleActor's loop has come round.</summary>
    void Turn();
}
