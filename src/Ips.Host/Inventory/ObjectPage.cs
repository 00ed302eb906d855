namespace Ips.Host.Inventory;

/// <summary>One page of a result.</summary>
/// <param name="Page">The page that was asked for.</param>
/// <param name="Total">Number of objects in the whole result.</param>
/// <param name="Items">The objects of this page, in a stable order.</param>
internal sealed record ObjectPage(Page Page, long Total, IReadOnlyList<StoredObject> Items);
