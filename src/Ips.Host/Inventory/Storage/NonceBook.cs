namespace Ips.Host.Inventory.Storage;

/// <summary>Takes nonces within a write transaction, and forgets old ones about once a second. The SQL is that of both stores.</summary>
/// <remarks>Callers take turns. The mark is kept, and what lies before it refused, by triggers of the schema: they bind every build that
/// writes to the store, also one that knows nothing of them. Nonces are counted when old ones are forgotten, and what this process adds in
/// between.</remarks>
/// <param name="time">Measures the second.</param>
/// <param name="clock">The store's clock, Unix seconds: one for all who use the store.</param>
internal sealed class NonceBook(TimeProvider time, Func<SqlSession, ValueTask<long>> clock)
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    private readonly Dictionary<string, long> _held = new(StringComparer.Ordinal);
    private long _count;
    private long? _forgotten;

    /// <summary>See <see cref="INonceStore.TakeAsync"/>.</summary>
    public async ValueTask<NonceOutcome> TakeAsync(SqlSession session, string accessKey, string nonce, long expires, TimeSpan window,
        int capacity)
    {
        if (_forgotten is not { } last || time.GetElapsedTime(last) >= Period)
        {
            // One second more than the window: a daemon's clock may be a little behind the store's.
            var before = await clock(session) - (long)Math.Ceiling(window.TotalSeconds) - 1;
            await session.ExecuteAsync("DELETE FROM ips_nonce WHERE expires < @p0", before);
            await CountAsync(session);
            _forgotten = time.GetTimestamp();
        }
        // However many keys hold all that they may, each of them leaves as much as it holds to the others.
        var held = _held.GetValueOrDefault(accessKey);
        if (held >= capacity - _count) return NonceOutcome.Full;
        var added = await session.ExecuteAsync(
            "INSERT INTO ips_nonce (access_key, nonce, expires) VALUES (@p0, @p1, @p2) ON CONFLICT (access_key, nonce) DO NOTHING",
                accessKey, nonce, expires);
        if (added == 0) return expires < await session.ScalarAsync("SELECT forgotten_before FROM ips_nonce_mark") ? NonceOutcome.Forgotten
            : NonceOutcome.Used;
        _count++;
        _held[accessKey] = held + 1;
        return NonceOutcome.Taken;
    }

    private async ValueTask CountAsync(SqlSession session)
    {
        _held.Clear();
        _count = 0;
        await using var reader = await session.Command("SELECT access_key, count(*) FROM ips_nonce GROUP BY access_key")
            .ExecuteReaderAsync(CancellationToken.None);
        while (await reader.ReadAsync(CancellationToken.None))
        {
            _held[reader.GetString(0)] = reader.GetInt64(1);
            _count += reader.GetInt64(1);
        }
    }
}
