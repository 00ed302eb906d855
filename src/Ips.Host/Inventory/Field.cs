namespace Ips.Host.Inventory;

/// <summary>One field of an object class.</summary>
/// <param name="Name">The name in JSON, CSV and filters.</param>
/// <param name="Kind">What it holds.</param>
/// <param name="Meaning">What it means, with the unit: for the OpenAPI document.</param>
/// <param name="Column">For texts and numbers: the column of the stores' object table that filters compare.</param>
/// <param name="Slot">For addresses: the number in the stores' address index. Part of the stored format, so never given to another field.</param>
/// <param name="IsRequired">Whether an object without it is refused.</param>
internal sealed record Field(string Name, FieldKind Kind, string Meaning, string? Column = null, int Slot = -1, bool IsRequired = false)
{
    /// <summary>Whether the field's values go to the address index.</summary>
    public bool IsAddress => Kind is FieldKind.Address or FieldKind.AddressList;
}
