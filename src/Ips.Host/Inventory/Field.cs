namespace Ips.Host.Inventory;

/// <summary>One field of an object class.</summary>
/// <param name="Name">The name in JSON, CSV and filters.</param>
/// <param name="Kind">What it holds.</param>
/// <param name="Meaning">What it means, with the unit: for the OpenAPI document.</param>
/// <param name="Column">For texts and numbers: the column of the stores' object table that filters compare.</param>
/// <param name="Slot">For addresses: the number in the stores' address index. Part of the stored format, so never given to another field.</param>
/// <param name="IsRequired">Whether an object without it is refused.</param>
/// <param name="IsOther">Whether it is one of the other addresses: the stores keep it beside the object's body, which older builds read,
/// and answers leave it out while it is empty.</param>
internal sealed record Field(
    string Name, FieldKind Kind, string Meaning, string? Column = null, int Slot = -1, bool IsRequired = false, bool IsOther = false)
{
    /// <summary>The first slot of the other addresses.</summary>
    public const int FirstOtherSlot = 3;

    /// <summary>Whether the field's values go to the address index.</summary>
    public bool IsAddress => Kind is FieldKind.Address or FieldKind.AddressList or FieldKind.EntryList;
}
