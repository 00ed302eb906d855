namespace Ips.Host.Inventory;

/// <summary>What <c>GET /v1/sdk/search_ip</c> asks.</summary>
/// <param name="Ranges">Disjoint and ascending, see <see cref="AddressRange.Merge"/>.</param>
/// <param name="Class">Only this class; null for all.</param>
/// <param name="Page">Which page.</param>
internal sealed record SearchQuery(IReadOnlyList<AddressRange> Ranges, ObjectClass? Class, Page Page);
