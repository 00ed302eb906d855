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
