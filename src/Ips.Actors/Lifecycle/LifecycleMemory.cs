namespace Ips.Actors.Lifecycle;

/// <summary>What LifecycleActor must not lose by a restart; it is the only user.</summary>
internal sealed class LifecycleMemory(LifecycleState initial)
{
    /// <summary>Where this generation stands.</summary>
    public LifecycleState State { get; set; } = initial;

    /// <summary>This generation is the main process; if it exits, it was.</summary>
    public bool IsMain { get; set; }

    /// <summary>When it became the main process, as a timestamp; null before.</summary>
    public long? MainSince { get; set; }

    /// <summary>When its drain began, as a timestamp; null before.</summary>
    public long? DrainSince { get; set; }

    /// <summary>Measures the service; null where nobody asked for it.</summary>
    public ServiceMeter? Meter { get; set; }

    /// <summary>Traces this generation's start; null in a first generation.</summary>
    public GenerationTrace? Trace { get; init; }

    /// <summary>Decided, not yet carried out.</summary>
    public Queue<LifecycleEffect> Pending { get; } = new();

    /// <summary>The other actors, once assembled.</summary>
    public LifecycleCast? Cast { get; set; }

    /// <summary>The reload under way.</summary>
    public ReloadAccount? Reload { get; set; }

    /// <summary>The newest reload that was asked for while something was under way, and waits.</summary>
    public AskedReload? Queued { get; set; }

    /// <summary>The release of the reload that has just been refused or rolled back; null if the last one was neither, or nothing was
    /// launched.</summary>
    public ReleaseStamp? Refused { get; set; }

    /// <summary>Completes when no reload is being passed on to the new main process.</summary>
    public Task DeliveryOver { get; set; } = Task.CompletedTask;

    /// <summary>The process that asks to take over, until the decision; then it belongs to the reload under way, or was refused.</summary>
    public ITakeoverProcess? Takeover { get; set; }

    /// <summary>When the drain ends, as a timestamp; set by the first effect that arms it.</summary>
    public long? DrainDeadline { get; set; }

    /// <summary>How the drain ended, once it has.</summary>
    public DrainCounts? Drained { get; set; }

    /// <summary>Who is told of the lifecycle beside the log; null without a service manager.</summary>
    public IServiceNotifier? Notifier { get; init; }

    /// <summary>Past reloads.</summary>
    public ReloadHistory History { get; } = new();
}
