using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace Ips.Host.Inventory.Transfer;

/// <summary>A small inventory for a first try: 24 hosts and 2 switches, IPv4 and IPv6. All ids begin with <c>sample-</c>, so nothing of an
/// operator's is replaced.</summary>
internal static class SampleInventory
{
    /// <summary>An address that the sample holds: for the README's first request.</summary>
    public const string FirstAddress = "10.1.162.18";

    /// <summary>The objects, as a file's lines.</summary>
    public static async IAsyncEnumerable<ImportedRow> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.CompletedTask;
        long line = 0;
        foreach (var json in Lines())
        {
            cancellationToken.ThrowIfCancellationRequested();
            var item = ObjectCodec.Read(Encoding.UTF8.GetBytes(json), null, null, out var problems);
            yield return new ImportedRow(++line, item, problems);
        }
    }

    private static IEnumerable<string> Lines()
    {
        for (var i = 0; i < 24; i++)
        {
            var ip = i % 6 == 5
                ? string.Create(CultureInfo.InvariantCulture, $"2001:db8:162::{i + 18:x}")
                : string.Create(CultureInfo.InvariantCulture, $"10.1.162.{i + 18}");
            yield return string.Create(CultureInfo.InvariantCulture,
                $$"""{"oid":"host","id":"sample-h{{i + 1:000}}","ip":"{{ip}}","hostname":"web-{{i + 1:00}}.example.net","""
                + $$""" "mem_size":{{16384 << (i % 3)}},"disk_size":{{500 * (1 + (i % 4))}},"""
                + $$""" "class":"{{(i % 3 == 0 ? "bare metal" : "virtual")}}","owner":["web","{{(i % 2 == 0 ? "ops" : "dev")}}"]}""");
        }
        for (var i = 1; i <= 2; i++)
        {
            yield return string.Create(CultureInfo.InvariantCulture,
                $$"""{"oid":"switch","id":"sample-s{{i:000}}","name":"tor-{{i}}","""
                + $$""" "ip":"10.1.0.{{i}}","vip":["10.1.0.254","2001:db8:162::fffe"],"""
                + $$""" "console_ip":"192.168.100.{{i}}","manufacturers":"Example Networks","owner":["netops"]}""");
        }
    }
}
