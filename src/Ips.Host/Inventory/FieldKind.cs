namespace Ips.Host.Inventory;

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
