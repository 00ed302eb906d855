namespace Ips.Host.Inventory.Storage;

/// <summary>Takes nonces within a write transaction, and forgets old ones about once a second. The SQL is that of both stores.</summary>
/// <remarks>Callers take turns. The number of nonces is counted when old ones are forgotten and kept up to date in between by what this process adds.</remarks>
internal sealed class NonceBook
{
    private long _forgottenBefore = long.MinValue;
    private long _count;

    /// <summary>See <see cref="INonceStore.TakeAsync"/>.</summary>
    public async ValueTask<NonceOutcome> TakeAsync(SqlSession session, string accessKey, string nonce, long expires, long forgetBefore, int capacity)
    {
        if (forgetBefore > _forgottenBefore)
        {
            await session.ExecuteAsync("DELETE FROM ips_nonce WHERE expires < @p0", forgetBefore);
            _count = await session.ScalarAsync("SELECT count(*) FROM ips_nonce") ?? 0;
            _forgottenBefore = forgetBefore;
        }
        if (_count >= capacity) return NonceOutcome.Full;
        var added = await session.ExecuteAsync(
            "INSERT INTO ips_nonce (access_key, nonce, expires) VALUES (@p0, @p1, @p2) ON CONFLICT (access_key, nonce) DO NOTHING", accessKey, nonce, expires);
        _count += added;
        return added == 1 ? NonceOutcome.Taken : NonceOutcome.Used;
    }
}
