namespace Ips.Host.Inventory;

/// <summary>A CIDR block. Host bits are cleared: <c>10.1.2.3/16</c> is the block that <c>10.1.2.3</c> lies in.</summary>
/// <param name="Network">The lowest address.</param>
/// <param name="PrefixLength">Number of fixed leading bits of the 128: an IPv4 block <c>/n</c> has <c>96 + n</c>.</param>
internal readonly record struct AddressBlock(InetAddress Network, int PrefixLength)
{
    /// <summary>The block of <paramref name="prefixLength"/> bits (0 to 128) that holds <paramref name="address"/>.</summary>
    public static AddressBlock Containing(InetAddress address, int prefixLength) =>
        new(new InetAddress(address.Value & ~HostMask(prefixLength)), prefixLength);

    /// <summary>The block as one range, or as two: an IPv6 block shorter than /96 around <c>::ffff:0:0/96</c> leaves the IPv4 addresses
    /// out, because <c>::/0</c> asks for IPv6.</summary>
    public IReadOnlyList<AddressRange> Ranges
    {
        get
        {
            var last = Network.Value | HostMask(PrefixLength);
            var surroundsIPv4 = PrefixLength < 96 && Network.Value < InetAddress.FirstIPv4 && last >= InetAddress.LastIPv4;
            if (!surroundsIPv4) return [new AddressRange(Network, new InetAddress(last))];
            var below = new AddressRange(Network, new InetAddress(InetAddress.FirstIPv4 - 1));
            return last == InetAddress.LastIPv4 ? [below] : [below,
                new AddressRange(new InetAddress(InetAddress.LastIPv4 + 1), new InetAddress(last))];
        }
    }

    private static UInt128 HostMask(int prefixLength) => prefixLength == 0 ? UInt128.MaxValue : (UInt128.One << (128 - prefixLength)) - 1;

    /// <summary>Canonical text, for example <c>10.1.0.0/16</c>.</summary>
    public override string ToString() => $"{Network}/{(Network.IsIPv4 && PrefixLength >= 96 ? PrefixLength - 96 : PrefixLength)}";
}
