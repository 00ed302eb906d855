namespace Ips.Host.Inventory.Storage;

/// <summary>The nonces that were accepted. They lie beside the objects, so that a request cannot be replayed to the other generation
/// during a reload, or to another daemon.</summary>
/// <remarks>Old nonces are forgotten, by the store's clock. The store remembers in a mark, which never goes back, up to which <c>expires</c> it has forgotten
/// any, and takes no request from before it. So a request is accepted once, however the clocks and windows of its users differ or change.</remarks>
internal interface INonceStore
{
    /// <summary>Takes a nonce once.</summary>
    /// <param name="accessKey">Whose nonce.</param>
    /// <param name="nonce">The nonce.</param>
    /// <param name="expires">The request's <c>expires</c>, Unix seconds.</param>
    /// <param name="window">How long requests are valid: older nonces are forgotten.</param>
    /// <param name="capacity">Most nonces kept, of which one key may hold as many as are free.</param>
    /// <param name="cancellationToken">Ends the wait for other writes.</param>
    ValueTask<NonceOutcome> TakeAsync(string accessKey, string nonce, long expires, TimeSpan window, int capacity, CancellationToken cancellationToken);
}

/// <summary>What <see cref="INonceStore.TakeAsync"/> answers.</summary>
internal enum NonceOutcome
{
    /// <summary>The nonce is new.</summary>
    Taken,

    /// <summary>The nonce was taken before.</summary>
    Used,

    /// <summary>Nonces of this age are forgotten: nobody can tell whether it was taken before.</summary>
    Forgotten,

    /// <summary>There are as many as may be kept, in all or of this key.</summary>
    Full,
}
