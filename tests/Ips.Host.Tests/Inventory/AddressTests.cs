using System.Net;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using Ips.Host.Inventory;

namespace Ips.Host.Tests.Inventory;

public sealed class AddressTests
{
    [Theory]
    [InlineData("")]
    [InlineData("1")]
    [InlineData("10.1.2")]
    [InlineData("10.1.2.3.4")]
    [InlineData("10.1.2.256")]
    [InlineData("010.1.2.3")]
    [InlineData("0x0a.1.2.3")]
    [InlineData("10.1.2.3 ")]
    [InlineData(" 10.1.2.3")]
    [InlineData("10.1.2.+3")]
    [InlineData("10..2.3")]
    [InlineData("10.1.2.3:80")]
    [InlineData("::1%eth0")]
    [InlineData("[::1]")]
    [InlineData("::1/64")]
    [InlineData(":::")]
    [InlineData("1:2:3:4:5:6:7:8:9")]
    [InlineData("::12345")]
    [InlineData("::ffff:010.0.0.1")]
    [InlineData("::ffff:1.2.3")]
    [InlineData("host")]
    [InlineData("１０.1.2.3")]
    public void TryParse_NoAddress_IsRefused(string text) => Assert.False(AddressParser.TryParse(text, out _));

    [Theory]
    [InlineData("10.1.162.18", "10.1.162.18")]
    [InlineData("0.0.0.0", "0.0.0.0")]
    [InlineData("255.255.255.255", "255.255.255.255")]
    [InlineData("::FFFF:10.1.162.18", "10.1.162.18")]
    [InlineData("0:0:0:0:0:ffff:0a01:a212", "10.1.162.18")]
    [InlineData("2001:DB8:0:0:0:0:0:1", "2001:db8::1")]
    [InlineData("2001:db8:0:1:0:0:0:1", "2001:db8:0:1::1")]
    [InlineData("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1")]
    [InlineData("::", "::")]
    [InlineData("::1", "::1")]
    public void TryParse_Address_HasOneCanonicalForm(string text, string canonical)
    {
        Assert.True(AddressParser.TryParse(text, out var address));
        Assert.Equal(canonical, address.ToString());
    }

    [Theory]
    [InlineData("10.0.0.0/33")]
    [InlineData("10.0.0.0/")]
    [InlineData("10.0.0.0/-1")]
    [InlineData("10.0.0.0/08")]
    [InlineData("2001:db8::/129")]
    [InlineData("/8")]
    [InlineData("10.0.0.0/8/8")]
    public void TryParseBlock_NoBlock_IsRefused(string text) => Assert.False(AddressParser.TryParseBlock(text, out _));

    [Theory]
    [InlineData("10.1.2.3/16", "10.1.0.0/16")]
    [InlineData("10.1.2.3", "10.1.2.3/32")]
    [InlineData("0.0.0.0/0", "0.0.0.0/0")]
    [InlineData("2001:db8:ffff::/32", "2001:db8::/32")]
    [InlineData("::ffff:10.1.0.0/112", "10.1.0.0/16")]
    [InlineData("::/0", "::/0")]
    public void TryParseBlock_Block_HasItsHostBitsCleared(string text, string canonical)
    {
        Assert.True(AddressParser.TryParseBlock(text, out var block));
        Assert.Equal(canonical, block.ToString());
    }

    [Fact]
    public void Ranges_OfAllIPv6_LeaveIPv4Out()
    {
        Assert.True(AddressParser.TryParseBlock("::/0", out var block));
        Assert.Equal(2, block.Ranges.Count);
        Assert.True(AddressParser.TryParse("10.0.0.1", out var four));
        Assert.DoesNotContain(block.Ranges, range => Holds(range, four));
        foreach (var text in new[] { "::", "::1", "::ffff:0:0:0", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" })
        {
            Assert.True(AddressParser.TryParse(text, out var six));
            Assert.Contains(block.Ranges, range => Holds(range, six));
        }
    }

    [Property]
    public bool TryParse_EveryIPv4_RoundTrips(byte a, byte b, byte c, byte d)
    {
        var text = $"{a}.{b}.{c}.{d}";
        return AddressParser.TryParse(text, out var address) && address.IsIPv4 && address.ToString() == text
            && InetAddress.FromBytes(address.ToBytes()) == address && address.ToBytes().AsSpan(12).SequenceEqual(new[] { a, b, c, d });
    }

    [Property]
    public Property TryParse_EverySpellingOfAnIPv6_IsTheSameAddress() => Prop.ForAll(Bytes16(), bytes =>
    {
        var (compressed, full) = (new IPAddress(bytes).ToString(),
            string.Join(':', Enumerable.Range(0, 8).Select(i => $"{bytes[2 * i]:X2}{bytes[(2 * i) + 1]:X2}")));
        return AddressParser.TryParse(compressed, out var one) && AddressParser.TryParse(full, out var other) && one == other
            && one.ToBytes().AsSpan().SequenceEqual(bytes) && AddressParser.TryParse(one.ToString(), out var again) && again == one;
    });

    [Property]
    public bool ToBytes_OfTwoAddresses_SortAsTheirNumbers(ulong a, ulong b, ulong c, ulong d)
    {
        var (one, other) = (new InetAddress(new UInt128(a, b)), new InetAddress(new UInt128(c, d)));
        return Math.Sign(one.CompareTo(other)) == Math.Sign(one.ToBytes().AsSpan().SequenceCompareTo(other.ToBytes()));
    }

    // The naive model compares bit by bit, in each family on its own.
    [Property(MaxTest = 1000)]
    public Property Ranges_OfABlock_HoldWhatANaiveModelSays() =>
        Prop.ForAll(Bytes16(), Bytes16(), ArbMap.Default.ArbFor<byte>(), (network, candidate, prefixSeed) =>
    {
        // Half of the candidates share a random number of leading bits with the network, or nearly all would lie outside.
        if (prefixSeed % 2 == 0) network.AsSpan(0, prefixSeed % 16).CopyTo(candidate);
        var four = IsMapped(network);
        var prefix = prefixSeed % (four ? 33 : 129);
        var text = four ? $"{new IPAddress(network.AsSpan(12))}/{prefix}" : $"{new IPAddress(network)}/{prefix}";
        if (!AddressParser.TryParseBlock(text, out var block)) return false;
        // An IPv6 block that begins with the bits of ::ffff:0:0/96 is an IPv4 block: both families of the model agree on that.
        var sameFamily = IsMapped(candidate) == four;
        var expected = sameFamily && SharesBits(network, candidate, four ? prefix + 96 : prefix);
        return block.Ranges.Any(range => Holds(range, InetAddress.FromBytes(candidate))) == expected;
    });

    [Property]
    public Property Merge_OfRanges_HoldsTheSameAndIsDisjoint() => Prop.ForAll(ArbMap.Default.ArbFor<(byte, byte)[]>(), pairs =>
    {
        var ranges = pairs.Select(p => new AddressRange(new InetAddress(Math.Min(p.Item1, p.Item2)),
            new InetAddress(Math.Max(p.Item1, p.Item2)))).ToList();
        var merged = AddressRange.Merge(ranges);
        var same = Enumerable.Range(0, 256).All(n => ranges.Any(r => Holds(r, new InetAddress((UInt128)n))) == merged
            .Any(r => Holds(r, new InetAddress((UInt128)n))));
        return same && merged.Zip(merged.Skip(1)).All(two => two.Second.First.Value > two.First.Last.Value + 1);
    });

    // Uniform bytes would never be IPv4 or have zeros in a row.
    private static Arbitrary<byte[]> Bytes16()
    {
        var random = Gen.ArrayOf(ArbMap.Default.GeneratorFor<byte>(), 16);
        var zeros = Gen.ArrayOf(Gen.Elements<byte>(0, 0, 0, 1, 255), 16);
        var mapped = Gen.ArrayOf(ArbMap.Default.GeneratorFor<byte>(), 4)
            .Select(four => (byte[])[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, .. four]);
        return Gen.OneOf(random, zeros, mapped).ToArbitrary();
    }

    private static bool IsMapped(byte[] bytes) => bytes.AsSpan(0, 12).SequenceEqual((byte[])[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255]);

    private static bool SharesBits(byte[] a, byte[] b, int count) =>
        Enumerable.Range(0, count).All(i => ((a[i / 8] >> (7 - (i % 8))) & 1) == ((b[i / 8] >> (7 - (i % 8))) & 1));

    private static bool Holds(AddressRange range, InetAddress address) => range.First.CompareTo(address) <= 0
        && address.CompareTo(range.Last) <= 0;
}
