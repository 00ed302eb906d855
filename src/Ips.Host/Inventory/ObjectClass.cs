namespace Ips.Host.Inventory;

/// <summary>A class of objects: its name in paths (<c>oid</c>) and its fields. Codec, filters, CSV, stores and the OpenAPI document are all
/// driven by it, so a new field is one line here and an additive migration if it needs a column.</summary>
internal sealed class ObjectClass
{
    /// <summary>The name of the field that every class has and that paths carry.</summary>
    public const string IdField = "id";

    // Before the classes, which are made with them.
    private static readonly Field[] OtherAddresses =
    [
        Other("ip2", FieldKind.Address, "A second address.", Field.FirstOtherSlot),
        Other("eth", FieldKind.EntryList, "Addresses of its network cards.", Field.FirstOtherSlot + 1),
        Other("network", FieldKind.EntryList, "Addresses of its networks.", Field.FirstOtherSlot + 2),
        Other("mgmt", FieldKind.Address, "Address of its management.", Field.FirstOtherSlot + 3),
        Other("vcenter_ip", FieldKind.Address, "Address of its vCenter.", Field.FirstOtherSlot + 4),
        Other("out_band_ip", FieldKind.Address, "Out-of-band address.", Field.FirstOtherSlot + 5),
    ];

    private ObjectClass(string oid, int number, params Field[] fields)
    {
        Oid = oid;
        Number = number;
        Fields = [.. fields, .. OtherAddresses];
        OwnerIndex = Array.FindIndex(fields, f => f.Kind == FieldKind.TextList);
    }

    /// <summary>A machine.</summary>
    public static ObjectClass Host { get; } = new("host", 1,
        new Field("ip", FieldKind.Address, "Main address.", Slot: 0, IsRequired: true),
        new Field("hostname", FieldKind.Text, "Host name.", Column: "label"),
        new Field("mem_size", FieldKind.WholeNumber, "Memory in MiB; null if not known.", Column: "mem_size"),
        new Field("disk_size", FieldKind.WholeNumber, "Disk space in GiB; null if not known.", Column: "disk_size"),
        new Field("class", FieldKind.Text, "What kind of machine, in the operator's own words.", Column: "kind"),
        new Field("owner", FieldKind.TextList, "Who answers for it."));

    /// <summary>A network switch.</summary>
    public static ObjectClass Switch { get; } = new("switch", 2,
        new Field("name", FieldKind.Text, "Name of the switch.", Column: "label"),
        new Field("ip", FieldKind.Address, "Main address.", Slot: 0, IsRequired: true),
        new Field("vip", FieldKind.AddressList, "Virtual addresses.", Slot: 1),
        new Field("console_ip", FieldKind.Address, "Address of the console port; empty if none.", Slot: 2),
        new Field("manufacturers", FieldKind.Text, "Who made it.", Column: "kind"),
        new Field("owner", FieldKind.TextList, "Who answers for it."));

    /// <summary>Every class, by number.</summary>
    public static IReadOnlyList<ObjectClass> All { get; } = [Host, Switch];

    /// <summary>The names of all classes, for messages: <c>host, switch</c>.</summary>
    public static string Names { get; } = string.Join(", ", All.Select(c => c.Oid));

    /// <summary>The name in paths.</summary>
    public string Oid { get; }

    /// <summary>The number in the stores. Part of the stored format.</summary>
    public int Number { get; }

    /// <summary>The fields after <c>id</c>, in the order of JSON and CSV.</summary>
    public IReadOnlyList<Field> Fields { get; }

    /// <summary>Index in <see cref="Fields"/> of the owners.</summary>
    public int OwnerIndex { get; }

    /// <summary>Whether the class has a field called <c>name</c>, by whose text a search finds an object too.</summary>
    public bool HasName => IndexOf("name") >= 0;

    /// <summary>The class called <paramref name="oid"/> in any case, or null.</summary>
    public static ObjectClass? Find(string? oid) => All.FirstOrDefault(c => string.Equals(c.Oid, oid, StringComparison.OrdinalIgnoreCase));

    private static Field Other(string name, FieldKind kind, string meaning, int slot) =>
        new(name, kind, meaning, Slot: slot, IsOther: true);

    /// <summary>Index in <see cref="Fields"/> of the field called <paramref name="name"/>, or -1.</summary>
    public int IndexOf(string name)
    {
        for (var i = 0; i < Fields.Count; i++)
            if (Fields[i].Name == name) return i;
        return -1;
    }
}
