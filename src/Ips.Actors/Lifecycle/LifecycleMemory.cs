using Ips.Actors.Control;

namespace Ips.Actors.Lifecycle;

/// <summary>What LifecycleActor must not lose by a restart; it is the only user.</summary>
internal sealed class LifecycleMemory(LifecycleState initial)
{
    private const int MaxReceipts = 50;

    private readonly Queue<ReloadReceipt> _history = new();

    /// <summary>Where this generation stands.</summary>
    public LifecycleState State { get; set; } = initial;

    /// <summary>Decided, not yet carried out.</summary>
    public Queue<LifecycleEffect> Pending { get; } = new();

    /// <summary>The other actors, once assembled.</summary>
    public LifecycleCast? Cast { get; set; }

    /// <summary>The reload under way.</summary>
    public ReloadAccount? Reload { get; set; }

    /// <summary>Waiters of a reload that was put off.</summary>
    public List<Akka.Actor.IActorRef> DeferredWaiters { get; } = [];

    /// <summary>When the drain ends, as a timestamp; set by the first effect that arms it.</summary>
    public long? DrainDeadline { get; set; }

    /// <summary>Past reloads, newest last.</summary>
    public IReadOnlyList<ReloadReceipt> History => [.. _history];

    /// <summary>Adds a receipt, dropping the oldest above 50.</summary>
    public void Remember(ReloadReceipt receipt)
    {
        _history.Enqueue(receipt);
        if (_history.Count > MaxReceipts)
        {
            _history.Dequeue();
        }
    }
}
