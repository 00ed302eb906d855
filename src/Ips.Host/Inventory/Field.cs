namespace Ips.Host.Inventory;

/// <summary>One field of an object class.</summary>
/// <param name="Name">The name in JSON, CSV and filters.</param>
/// <param name="Kind">What it holds.</param>
/// <param name="Meaning">What it means, with the unit: for the OpenAPI document.</param>
/// <param name="Column">For texts and numbers: the column of the stores' object table that filters compare.</param>
/// <param name="Slot">For addresses: the number in the stores' address index. Part of the stored format, so never given to another
/// field.</param>
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

/// <summary>What a field of an object holds. The CLR type is that of <see cref="InventoryObject.Values"/>.</summary>
internal enum FieldKind
{
    /// <summary><see cref="string"/>, never null; absent is the empty text.</summary>
    Text,

    /// <summary><see cref="long"/> from 0 to 2^53 - 1 (what every JSON reader holds exactly), or null: not known.</summary>
    WholeNumber,

    /// <summary><see cref="InetAddress"/>, or null: none.</summary>
    Address,

    /// <summary>An array of <see cref="InetAddress"/>, in the order given.</summary>
    AddressList,

    /// <summary>An array of <see cref="string"/>, in the order given.</summary>
    TextList,

    /// <summary>An array of <see cref="InetAddress"/>, in the order given; in JSON each is an object <c>{"ip":"10.0.0.1"}</c>.</summary>
    EntryList,
}
