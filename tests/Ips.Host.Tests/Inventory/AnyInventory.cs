using FsCheck;
using FsCheck.Fluent;
using Ips.Host.Inventory;

namespace Ips.Host.Tests.Inventory;

/// <summary>Makes any objects that an inventory can hold, hard texts among them.</summary>
internal static class AnyInventory
{
    public static Gen<string> Text() => Gen.OneOf(
        Gen.Elements("a;b", "a\\b", "\\;", ";", "\"", "\"\"", ",", " lead", "trail ", "物理机", "\U0001F600", "=1+1", "a,\"b\";c", "null", "-",
            "\\", "'", "'=", "''@", ";'+", "a;-b"),
        Gen.ArrayOf(Gen.Elements('a', ';', '\\', '"', ',', ' ', '秘', '\u00e9', '=', '\'', '@')).Where(c => c.Length is > 0 and < 50)
            .Select(c => new string(c)));

    private static Gen<string> Address() => Gen.OneOf(
        Gen.ArrayOf(ArbMap.Default.GeneratorFor<byte>(), 4).Select(b => string.Join('.', b)),
        Gen.ArrayOf(ArbMap.Default.GeneratorFor<byte>(), 16).Select(b => new System.Net.IPAddress(b).ToString()));

    private static Gen<long?> Number() => Gen.OneOf(Gen.Constant((long?)null), Gen.Choose(0, int.MaxValue).Select(n => (long?)n),
        Gen.Constant((long?)ObjectLimits.Number));

    public static Arbitrary<InventoryObject[]> Objects()
    {
        var many = Gen.ArrayOf(Address()).Where(v => v.Length <= ObjectLimits.ListCount).Select(v => (object?)v.Select(Parse).ToArray());
        var maybe = Gen.OneOf(Gen.Constant((object?)null), Address().Select(a => (object?)Parse(a)));
        var others = from ip2 in maybe
                     from eth in many
                     from network in many
                     from mgmt in maybe
                     from vcenter in maybe
                     from band in maybe
                     select (object?[])[ip2, eth, network, mgmt, vcenter, band];
        var optional = Gen.OneOf(Gen.Constant(""), Text());
        var owners = Gen.ArrayOf(Text()).Where(o => o.Length <= ObjectLimits.ListCount);
        var host = from ip in Address()
                   from name in optional
                   from mem in Number()
                   from disk in Number()
                   from kind in optional
                   from owner in owners
                   from other in others
                   select (Func<string, InventoryObject>)(id =>
                       new InventoryObject(ObjectClass.Host, id, [Parse(ip), name, mem, disk, kind, owner, .. other]));
        var swtch = from ip in Address()
                    from name in optional
                    from vip in Gen.ArrayOf(Address()).Where(v =>
            v.Length <= ObjectLimits.ListCount)
                    from console in Address()
                    from maker in optional
                    from owner in owners
                    from other in others
                    select (Func<string, InventoryObject>)(id =>
                        new InventoryObject(ObjectClass.Switch, id,
                        [name, Parse(ip), vip.Select(Parse).ToArray(), console.Length % 2 == 0 ? null : (object?)Parse(console), maker,
                        owner, .. other]));
        return Gen.ArrayOf(Gen.OneOf(host, swtch)).Select(all => all.Select((make, i) => make($"id-{i}")).ToArray()).ToArbitrary();
    }

    private static InetAddress Parse(string text) => AddressParser.TryParse(text, out var address) ? address
        : throw new ArgumentException(text);
}
