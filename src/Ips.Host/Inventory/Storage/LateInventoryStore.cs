using Ips.Actors.Files;

namespace Ips.Host.Inventory.Storage;

/// <summary>A store that could not be opened at the start of a successor. Each call tries again, so that a release can be deployed while
/// the store is away from its predecessor as well: until it is there every call says so, and the health check <c>store</c> with
/// them.</summary>
/// <param name="place">Where it lies.</param>
/// <param name="running">Which one it must be.</param>
/// <param name="open">Opens it.</param>
/// <param name="limit">How long one call waits for that.</param>
/// <param name="time">Measures it.</param>
internal sealed class LateInventoryStore(
    string place, StoreIdentity running, Func<Task<IInventoryStore>> open, TimeSpan limit, TimeProvider time) : IInventoryStore
{
    private readonly Lock _gate = new();
    private Task<IInventoryStore>? _opening;
    private bool _released;

    public string Description => place;

    public StoreIdentity Identity => running with { Place = place };

    public TimeSpan CallLimit => limit;

    public async ValueTask<string?> CheckAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await (await OpenedAsync(cancellationToken)).CheckAsync(cancellationToken);
        }
        catch (StoreAwayException e)
        {
            return StoreTroubleText.Of(e.Trouble);
        }
    }

    public async ValueTask<StoredObject?> GetAsync(ObjectClass oclass, string id, CancellationToken cancellationToken) =>
        await (await OpenedAsync(cancellationToken)).GetAsync(oclass, id, cancellationToken);

    public async ValueTask<ObjectPage> ListAsync(ListQuery query, CancellationToken cancellationToken) =>
        await (await OpenedAsync(cancellationToken)).ListAsync(query, cancellationToken);

    public async ValueTask<ObjectPage> SearchAsync(SearchQuery query, CancellationToken cancellationToken) =>
        await (await OpenedAsync(cancellationToken)).SearchAsync(query, cancellationToken);

    public async ValueTask<WriteOutcome> PutAsync(InventoryObject item, WriteCondition condition, CancellationToken cancellationToken) =>
        await (await OpenedAsync(cancellationToken)).PutAsync(item, condition, cancellationToken);

    public async ValueTask<WriteOutcome> DeleteAsync(ObjectClass oclass, string id, WriteCondition condition,
        CancellationToken cancellationToken) =>
        await (await OpenedAsync(cancellationToken)).DeleteAsync(oclass, id, condition, cancellationToken);

    public async ValueTask<IImportSession> BeginImportAsync(CancellationToken cancellationToken) =>
        await (await OpenedAsync(cancellationToken)).BeginImportAsync(cancellationToken);

    public async IAsyncEnumerable<StoredObject> ExportAsync(
        ObjectClass? oclass, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var item in (await OpenedAsync(cancellationToken)).ExportAsync(oclass, cancellationToken)) yield return item;
    }

    public async ValueTask<long> GetKeysVersionAsync(CancellationToken cancellationToken) =>
        await (await OpenedAsync(cancellationToken)).GetKeysVersionAsync(cancellationToken);

    public async ValueTask<IReadOnlyList<AccessKey>> GetKeysAsync(CancellationToken cancellationToken) =>
        await (await OpenedAsync(cancellationToken)).GetKeysAsync(cancellationToken);

    public async ValueTask<bool> AddKeyAsync(AccessKey key, CancellationToken cancellationToken) =>
        await (await OpenedAsync(cancellationToken)).AddKeyAsync(key, cancellationToken);

    public async ValueTask<bool> ReplaceKeyAsync(AccessKey key, CancellationToken cancellationToken) =>
        await (await OpenedAsync(cancellationToken)).ReplaceKeyAsync(key, cancellationToken);

    public async ValueTask<bool> DeleteKeyAsync(string name, CancellationToken cancellationToken) =>
        await (await OpenedAsync(cancellationToken)).DeleteKeyAsync(name, cancellationToken);

    public async ValueTask<NonceOutcome> TakeAsync(
        string accessKey, string nonce, long expires, TimeSpan window, int capacity, CancellationToken cancellationToken) =>
        await (await OpenedAsync(cancellationToken)).TakeAsync(accessKey, nonce, expires, window, capacity, cancellationToken);

    public async ValueTask ReleaseAsync()
    {
        Task<IInventoryStore>? opening;
        lock (_gate) (_released, opening) = (true, _opening);
        if (opening is { IsCompletedSuccessfully: true }) await (await opening).ReleaseAsync();
    }

    public ValueTask DisposeAsync() => ReleaseAsync();

    private async Task<IInventoryStore> OpenedAsync(CancellationToken cancellationToken)
    {
        Task<IInventoryStore> opening;
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_released, this);
            opening = _opening is null or { IsFaulted: true } or { IsCanceled: true } ? _opening = Task.Run(open, CancellationToken.None)
                : _opening;
        }

        if (opening.IsCompletedSuccessfully) return await opening;
        var (began, left) = (time.GetTimestamp(), StoreBudget.Left(limit));
        try
        {
            return await opening.WaitAsync(left, time, cancellationToken);
        }
        catch (Exception e) when (e is StoreUnavailableException or StoreBusyException or TimeoutException)
        {
            throw new StoreAwayException(place, StoreTrouble.Away, e.Message, e);
        }
        catch (Exception e) when (e is StoreRefusedException or StoreVersionException)
        {
            throw new StoreAwayException(place, StoreTrouble.Replaced, e.Message, e);
        }
        finally
        {
            StoreBudget.Spend(time.GetElapsedTime(began));
        }
    }
}
