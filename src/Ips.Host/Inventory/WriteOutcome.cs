namespace Ips.Host.Inventory;

/// <summary>What a write did. It is durable before the store answers.</summary>
/// <param name="Kind">What happened.</param>
/// <param name="Version">The object's version now; null if there is no object.</param>
internal readonly record struct WriteOutcome(WriteKind Kind, long? Version);

/// <summary>The kinds of <see cref="WriteOutcome"/>.</summary>
internal enum WriteKind
{
    /// <summary>The object is new.</summary>
    Created,

    /// <summary>The object was replaced.</summary>
    Updated,

    /// <summary>The object was already like this, so nothing was written and the version stayed: a repeated PUT.</summary>
    Unchanged,

    /// <summary>The object is gone.</summary>
    Deleted,

    /// <summary>There was no object to delete.</summary>
    NotFound,

    /// <summary>The condition did not hold; nothing was written.</summary>
    ConditionFailed,
}
