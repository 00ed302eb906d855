namespace Ips.Host.Inventory.Storage;

/// <summary>Another write kept this one waiting beyond <c>ips.store.busy-timeout</c>. Nothing was written; trying again is safe.</summary>
internal sealed class StoreBusyException(TimeSpan waited, Exception? inner)
    : Exception($"Another write kept the store busy for more than {waited.TotalSeconds:0.#} s; ips.store.busy-timeout sets this limit.", inner);
