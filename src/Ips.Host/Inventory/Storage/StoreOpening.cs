namespace Ips.Host.Inventory.Storage;

/// <summary>How a store may be opened.</summary>
/// <param name="MayCreate">It is made if there is none, on a place where none was.</param>
/// <param name="Running">The store that the running service has open, which it must be; null if there is none, or another is
/// accepted.</param>
internal sealed record StoreOpening(bool MayCreate, StoreIdentity? Running = null)
{
    /// <summary>Makes it if needed.</summary>
    public static StoreOpening OrCreate { get; } = new(MayCreate: true);

    /// <summary>Only one that is there.</summary>
    public static StoreOpening Existing { get; } = new(MayCreate: false);
}
