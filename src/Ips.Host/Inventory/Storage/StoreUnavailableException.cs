namespace Ips.Host.Inventory.Storage;

/// <summary>The store cannot be opened: a missing right, a folder that is not there, a file that is no store, a server that does not answer.</summary>
internal sealed class StoreUnavailableException(string store, string key, Exception inner)
    : Exception($"The store {store} cannot be opened: {inner.Message.TrimEnd('.')}. {key} names it.", inner);
