using System.Buffers;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Ips.Host.Inventory;

/// <summary>Reads addresses and CIDR blocks. Stricter than <see cref="IPAddress.Parse(string)"/>, which takes <c>1</c>, <c>0x7f.1</c>
/// and the octal <c>010.0.0.1</c> for addresses, and an IPv6 zone or port: an inventory must not guess.</summary>
internal static class AddressParser
{
    // The longest text form of an IPv6 address, with an IPv4 tail.
    private const int MaxLength = 45;

    private static readonly SearchValues<char> IPv6Characters = SearchValues.Create("0123456789abcdefABCDEF:.");

    /// <summary>Reads one address: four decimal octets without leading zeros, or RFC 4291 text without a zone.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out InetAddress address)
    {
        address = default;
        if (text.Length is 0 or > MaxLength) return false;
        if (!text.Contains(':')) return TryParseIPv4(text, out address);
        if (text.ContainsAnyExcept(IPv6Characters)) return false; // no zone, no brackets, no port
        var tail = text[(text.LastIndexOf(':') + 1)..];
        if (tail.Contains('.') && !TryParseIPv4(tail, out _)) return false;
        if (!IPAddress.TryParse(text, out var parsed) || parsed.AddressFamily != AddressFamily.InterNetworkV6) return false;
        Span<byte> bytes = stackalloc byte[InetAddress.SizeBytes];
        if (!parsed.TryWriteBytes(bytes, out var written) || written != bytes.Length) return false;
        address = InetAddress.FromBytes(bytes);
        return true;
    }

    /// <summary>Reads one address, which counts as a block of one, or <c>address/prefix</c>.</summary>
    public static bool TryParseBlock(ReadOnlySpan<char> text, out AddressBlock block)
    {
        block = default;
        var slash = text.IndexOf('/');
        if (!TryParse(slash < 0 ? text : text[..slash], out var address)) return false;
        var prefix = 128;
        if (slash >= 0)
        {
            var digits = text[(slash + 1)..];
            if (digits.Length is 0 or > 3 || (digits.Length > 1 && digits[0] == '0')) return false;
            if (!int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out prefix)) return false;
            var dotted = !text[..slash].Contains(':');
            if (prefix > (dotted ? 32 : 128)) return false;
            if (dotted) prefix += 96;
        }
        block = AddressBlock.Containing(address, prefix);
        return true;
    }

    private static bool TryParseIPv4(ReadOnlySpan<char> text, out InetAddress address)
    {
        address = default;
        uint value = 0;
        for (var octets = 0; ;)
        {
            var dot = text.IndexOf('.');
            var part = dot < 0 ? text : text[..dot];
            if (part.Length is 0 or > 3 || (part.Length > 1 && part[0] == '0')) return false;
            if (!byte.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var octet)) return false;
            value = (value << 8) | octet;
            octets++;
            if (dot < 0)
            {
                if (octets != 4) return false;
                address = new InetAddress(InetAddress.FirstIPv4 | value);
                return true;
            }
            if (octets == 4) return false;
            text = text[(dot + 1)..];
        }
    }
}
