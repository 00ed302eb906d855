namespace Ips.Actors.Lifecycle;

/// <summary>What <c>HttpFrontActor</c> does with readiness, the app's role and open connections.</summary>
internal abstract record FrontOrder : LifecycleEffect
{
    /// <summary>Tell the app that it serves.</summary>
    public sealed record AnnounceServing : FrontOrder;

    /// <summary>Tell the app that it is primary.</summary>
    public sealed record TakeRole : FrontOrder;

    /// <summary>Tell the app that it is no longer primary; answered by <see cref="LifecycleEvent.RoleYielded"/>.</summary>
    public sealed record YieldRole : FrontOrder;

    /// <summary>Fail readiness from now on.</summary>
    public sealed record FailReadiness : FrontOrder;

    /// <summary>Close politely, and report when no connection is left; with a <paramref name="Way"/> out, what can move leaves unclosed.
    /// On the way to the successor, what is still busy in an older generation passes through here.</summary>
    public sealed record BeginDrain(MoveWay Way = MoveWay.None) : FrontOrder;

    /// <summary>Say when the clients that are told to leave have left, or their time (<paramref name="Limit"/>) is over, both counted from
    /// the drain's beginning; answered by <see cref="LifecycleEvent.GuestsLeft"/>.</summary>
    public sealed record AwaitGuests(TimeSpan Limit = default) : FrontOrder;

    /// <summary>End what is left at once; answered by <see cref="LifecycleEvent.ConnectionsDrained"/>.</summary>
    public sealed record AbortConnections : FrontOrder;
}

/// <summary>Where live connections go when a generation drains.</summary>
internal enum MoveWay
{
    /// <summary>Nowhere: they end here.</summary>
    None,

    /// <summary>To the promoted successor.</summary>
    Successor,

    /// <summary>Back to the predecessor, on a rollback.</summary>
    Predecessor,
}
