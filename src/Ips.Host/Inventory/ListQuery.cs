namespace Ips.Host.Inventory;

/// <summary>What <c>POST /v1/object/{oid}</c> asks.</summary>
internal sealed record ListQuery(ObjectClass Class, Page Page, IReadOnlyList<ObjectFilter> Filters, ObjectOrder Order = default)
{
    /// <summary>Whether the client expects all objects in one answer.</summary>
    public bool IsWhole { get; init; }
}

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

/// <summary>One condition of a list: the object matches if it holds any of the values. Several conditions must all hold.</summary>
internal abstract record ObjectFilter
{
    private ObjectFilter()
    {
    }

    /// <summary>The id is one of <paramref name="Ids"/>.</summary>
    public sealed record ById(IReadOnlyList<string> Ids) : ObjectFilter;

    /// <summary>A text or number field equals one of <paramref name="Values"/>.</summary>
    /// <param name="Column">The stores' column.</param>
    /// <param name="Values"><see cref="string"/> or <see cref="long"/>, all of one type.</param>
    public sealed record ByColumn(string Column, IReadOnlyList<object> Values) : ObjectFilter;

    /// <summary>One of the owners is one of <paramref name="Owners"/>.</summary>
    public sealed record ByOwner(IReadOnlyList<string> Owners) : ObjectFilter;

    /// <summary>An address of the field with <paramref name="Slot"/> lies in one of <paramref name="Ranges"/>.</summary>
    public sealed record ByAddress(int Slot, IReadOnlyList<AddressRange> Ranges) : ObjectFilter;
}

/// <summary>In which order objects are answered, and which of them.</summary>
/// <param name="By">What they are ordered by.</param>
/// <param name="IsDescending">The last first.</param>
/// <param name="Prefix">Only objects whose id (or name, if ordered by it) begins with this text; null for all.</param>
/// <param name="After">Only objects after the one with this id, in an order by id; null for all. It need not exist. The total does not
/// depend on it.</param>
internal readonly record struct ObjectOrder(
    OrderField By = OrderField.Usual, bool IsDescending = false, string? Prefix = null, string? After = null);

/// <summary>What objects are ordered by. Texts compare by their UTF-8 bytes.</summary>
internal enum OrderField
{
    /// <summary>A list by id, a search by when objects were first stored.</summary>
    Usual,

    /// <summary>The id; objects of different classes with the same id by class.</summary>
    Id,

    /// <summary>The <c>hostname</c> of a host, the <c>name</c> of a switch; those with the same one by id.</summary>
    Name,
}
