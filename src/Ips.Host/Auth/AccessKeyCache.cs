using System.Collections.Frozen;
using System.Diagnostics;
using Ips.Host.Inventory.Storage;
using Microsoft.Extensions.Options;

namespace Ips.Host.Auth;

/// <summary>The keys in memory, not older than <see cref="AuthOptions.KeyCache"/>. What it asks the store then is one number; the keys only
/// if that changed.</summary>
internal sealed class AccessKeyCache(IAccessKeyStore store, IOptions<AuthOptions> options, TimeProvider time) : IDisposable
{
    private readonly SemaphoreSlim _refreshing = new(1, 1);
    private Snapshot? _snapshot;

    /// <summary>The keys by name. Callers that come while one of them asks the store get the keys of before.</summary>
    public async ValueTask<FrozenDictionary<string, AccessKey>> GetAsync(CancellationToken cancellationToken)
    {
        var snapshot = Volatile.Read(ref _snapshot);
        if (snapshot is not null && time.GetElapsedTime(snapshot.Timestamp) < options.Value.KeyCache) return snapshot.Keys;
        if (!await TakeTurnAsync(mustWait: snapshot is null || options.Value.KeyCache == TimeSpan.Zero,
            cancellationToken)) return snapshot!.Keys;
        try
        {
            snapshot = Volatile.Read(ref _snapshot);
            var timestamp = time.GetTimestamp(); // before the store is asked: a change in between is seen the next time
            var version = await store.GetKeysVersionAsync(cancellationToken);
            var keys = snapshot is not null && snapshot.Version == version
                ? snapshot.Keys
                : (await store.GetKeysAsync(cancellationToken)).ToFrozenDictionary(key => key.Name, StringComparer.Ordinal);
            Volatile.Write(ref _snapshot, new Snapshot(version, timestamp, keys));
            return keys;
        }
        finally
        {
            _refreshing.Release();
        }
    }

    // Who must wait has as much time for it as for any call of the store, and has spent it then.
    private async ValueTask<bool> TakeTurnAsync(bool mustWait, CancellationToken cancellationToken)
    {
        if (!mustWait) return await _refreshing.WaitAsync(TimeSpan.Zero, cancellationToken);
        var (began, limit) = (Stopwatch.GetTimestamp(), StoreBudget.Left(store.CallLimit));
        try
        {
            return await _refreshing.WaitAsync(limit, cancellationToken)
                ? true
                : throw new StoreAwayException("the access keys", StoreTrouble.Away,
                    $"not read within {limit.TotalSeconds:0.###} s (ips.store.busy-timeout)");
        }
        finally
        {
            StoreBudget.Spend(Stopwatch.GetElapsedTime(began));
        }
    }

    public void Dispose() => _refreshing.Dispose();

    private sealed record Snapshot(long Version, long Timestamp, FrozenDictionary<string, AccessKey> Keys);
}
