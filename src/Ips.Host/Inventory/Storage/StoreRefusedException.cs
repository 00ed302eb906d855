namespace Ips.Host.Inventory.Storage;

/// <summary>There is no store where one must be, or it is another one than must be opened. The message says what to do.</summary>
internal sealed class StoreRefusedException(string message) : Exception(message);
