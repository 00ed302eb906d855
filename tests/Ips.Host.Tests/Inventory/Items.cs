using System.Text;
using Ips.Host.Inventory;

namespace Ips.Host.Tests.Inventory;

/// <summary>Objects for tests.</summary>
internal static class Items
{
    public static InventoryObject Host(string id, string ip = "10.0.0.1", string hostname = "", string more = "") =>
        Read($$"""{"oid":"host","id":"{{id}}","ip":"{{ip}}","hostname":"{{hostname}}"{{more}}}""");

    public static InventoryObject Switch(string id, string ip = "10.0.0.1", string more = "") =>
        Read($$"""{"oid":"switch","id":"{{id}}","ip":"{{ip}}"{{more}}}""");

    public static InventoryObject Read(string json)
    {
        var item = ObjectCodec.Read(Encoding.UTF8.GetBytes(json), null, null, out var problems);
        Assert.True(item is not null, string.Join("; ", problems.Select(p => p.English)));
        return item;
    }

    public static string Id(StoredObject stored) => Ips.Host.Inventory.Transfer.Exporter.Item(stored).Id;

    public static IReadOnlyList<AddressRange> Ranges(params string[] blocks) => AddressRange.Merge(blocks.SelectMany(text =>
    {
        Assert.True(AddressParser.TryParseBlock(text, out var block), text);
        return block.Ranges;
    }));
}
