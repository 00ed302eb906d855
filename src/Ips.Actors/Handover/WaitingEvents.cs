namespace Ips.Actors.Handover;

/// <summary>Events that wait until someone subscribes, and go to the newest subscriber, so that an actor which restarts misses
/// none.</summary>
/// <remarks>Not thread-safe: its owner has a lock, under which subscribers are called.</remarks>
internal sealed class WaitingEvents<T>
{
    private Action<T>? _subscriber;

    /// <summary>What came before anyone subscribed.</summary>
    public Queue<T> Waiting { get; } = new();

    /// <summary>Delivers what waits and what comes to <paramref name="subscriber"/>, instead of to the one before.</summary>
    public void Subscribe(Action<T> subscriber)
    {
        _subscriber = subscriber;
        while (Waiting.TryDequeue(out var waiting)) subscriber(waiting);
    }

    /// <summary>Delivers an event.</summary>
    /// <returns>False if nobody subscribes: whether it waits is the owner's to decide.</returns>
    public bool TryDeliver(T one)
    {
        _subscriber?.Invoke(one);
        return _subscriber is not null;
    }
}
