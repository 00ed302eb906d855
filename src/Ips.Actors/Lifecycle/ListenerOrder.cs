namespace Ips.Actors.Lifecycle;

/// <summary>What <c>ListenerActor</c> does with the listening sockets.</summary>
internal abstract record ListenerOrder : LifecycleEffect
{
    /// <summary>Accept from every socket, now and bound later; idempotent.</summary>
    public sealed record StartAccepting : ListenerOrder;

    /// <summary>Stop accepting with the sockets kept open.</summary>
    public sealed record QuiesceAccepting : ListenerOrder;

    /// <summary>Close this generation's copies of the listening sockets; answered by <see cref="LifecycleEvent.ListenersReleased"/>.
    /// <paramref name="HandedOver"/>: a successor holds them, so Unix paths stay.</summary>
    public sealed record ReleaseListeners(bool HandedOver) : ListenerOrder;

    /// <summary>The handover ended, one way or the other: the set of sockets may change again. <paramref name="IsMain"/>: this generation
    /// has become the main process, or has taken that role back, and the sockets are to be as it is configured.</summary>
    public sealed record HandoverEnded(bool IsMain = false) : ListenerOrder;

    /// <summary>Make the paths of Unix sockets again that somebody has removed.</summary>
    public sealed record RestorePaths : ListenerOrder;
}
