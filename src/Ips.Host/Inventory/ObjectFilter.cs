namespace Ips.Host.Inventory;

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
