namespace Ips.Host.Inventory.Storage;

/// <summary>The nonces that were accepted. They lie beside the objects, so that a request cannot be replayed to the other generation
/// during a reload, or to another daemon.</summary>
internal interface INonceStore
{
    /// <summary>Takes a nonce once.</summary>
    /// <param name="accessKey">Whose nonce.</param>
    /// <param name="nonce">The nonce.</param>
    /// <param name="expires">The request's <c>expires</c>, Unix seconds.</param>
    /// <param name="forgetBefore">Nonces of requests with an earlier <c>expires</c> are forgotten: such requests are refused by their age.</param>
    /// <param name="capacity">Most nonces kept.</param>
    /// <param name="cancellationToken">Ends the wait for other writes.</param>
    ValueTask<NonceOutcome> TakeAsync(string accessKey, string nonce, long expires, long forgetBefore, int capacity, CancellationToken cancellationToken);
}

/// <summary>What <see cref="INonceStore.TakeAsync"/> answers.</summary>
internal enum NonceOutcome
{
    /// <summary>The nonce is new.</summary>
    Taken,

    /// <summary>The nonce was taken before.</summary>
    Used,

    /// <summary>There are as many as may be kept.</summary>
    Full,
}
