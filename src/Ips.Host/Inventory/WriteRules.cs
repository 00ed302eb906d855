namespace Ips.Host.Inventory;

/// <summary>What a write does to what is there: the stores act on it, a dry run only tells it. Pure.</summary>
internal static class WriteRules
{
    /// <summary>What a PUT does.</summary>
    /// <param name="old">The object as it is; null if there is none.</param>
    /// <param name="body">The object as it shall be, from <see cref="ObjectCodec.Write"/>.</param>
    /// <param name="condition">What must hold.</param>
    public static WriteKind Put(StoredObject? old, ReadOnlySpan<byte> body, WriteCondition condition)
    {
        // Before the condition: a client that repeats a PUT whose answer was lost must hear that it is done (RFC 9110, 13.1.1).
        if (old is { } same && !condition.MustNotExist && same.Body.Span.SequenceEqual(body)) return WriteKind.Unchanged;
        if (!condition.Holds(old?.Version)) return WriteKind.ConditionFailed;
        return old is null ? WriteKind.Created : WriteKind.Updated;
    }

    /// <summary>What a DELETE does.</summary>
    /// <param name="old">The object as it is; null if there is none.</param>
    /// <param name="condition">What must hold.</param>
    public static WriteKind Delete(StoredObject? old, WriteCondition condition) =>
        !condition.Holds(old?.Version) ? WriteKind.ConditionFailed : old is null ? WriteKind.NotFound : WriteKind.Deleted;
}

/// <summary>What must hold for a write to happen: the headers If-Match and If-None-Match.</summary>
/// <param name="IfMatch">Versions of which the object must have one; empty with <paramref name="MustExist"/> is <c>*</c>.</param>
/// <param name="MustExist">The object must exist.</param>
/// <param name="MustNotExist">The object must not exist: <c>If-None-Match: *</c>.</param>
internal sealed record WriteCondition(IReadOnlyList<long> IfMatch, bool MustExist, bool MustNotExist)
{
    /// <summary>Always holds.</summary>
    public static WriteCondition None { get; } = new([], false, false);

    /// <summary>Whether an object with <paramref name="version"/> (null: none) may be written.</summary>
    public bool Holds(long? version) => version is { } current
        ? !MustNotExist && (IfMatch.Count == 0 || IfMatch.Contains(current))
        : !MustExist;
}

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
