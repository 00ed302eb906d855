using System.Text;

namespace Ips.Bench.Inventory;

/// <summary>An inventory of any size, always the same: nine hosts in ten have an IPv4 address, the tenth an IPv6 one.</summary>
internal static class Generator
{
    /// <summary>The address of the object with this number.</summary>
    public static string Address(int number) => number % 10 == 9
        ? $"2001:db8:{number >> 16:x}::{number & 0xffff:x}"
        : $"10.{(number >> 16) & 0xff}.{(number >> 8) & 0xff}.{number & 0xff}";

    /// <summary>Writes JSON lines.</summary>
    public static void Write(string file, int count)
    {
        using var lines = new StreamWriter(file, false, new UTF8Encoding(false), 1 << 20) { NewLine = "\n" };
        for (var i = 0; i < count; i++)
        {
            var name = $"node-{i}.rack{i / 40}.example.net";
            var kind = i % 3 == 0 ? "bare metal" : "virtual";
            lines.WriteLine(
                $$"""{"oid":"host","id":"H{{i:0000000}}","ip":"{{Address(i)}}","hostname":"{{name}}","mem_size":{{16384 << (i % 4)}}"""
                + $$""","disk_size":{{480 * (1 + (i % 8))}},"class":"{{kind}}","owner":["team-{{i % 97}}","ops"]}""");
        }
    }
}
