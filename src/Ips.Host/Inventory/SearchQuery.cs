namespace Ips.Host.Inventory;

/// <summary>What <c>GET /v1/sdk/search_ip</c> asks.</summary>
/// <param name="Ranges">Disjoint and ascending, see <see cref="AddressRange.Merge"/>.</param>
/// <param name="Class">Only this class; null for all.</param>
/// <param name="Page">Which page.</param>
/// <param name="Names">The single addresses of <paramref name="Ranges"/> as texts: objects whose field <c>name</c> is one of them are
/// found as well; null for none.</param>
/// <param name="Order">In which order, and which.</param>
internal sealed record SearchQuery(
    IReadOnlyList<AddressRange> Ranges, ObjectClass? Class, Page Page, IReadOnlyList<string>? Names = null, ObjectOrder Order = default)
{
    /// <summary>Whether the client asked for no page, and so for all hits.</summary>
    public bool IsWhole { get; init; }
}
