using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Ips.Fleet.Security;

/// <summary>Where an agent listens, as other agents dial it: <c>10.0.0.11:4747</c>, <c>[fd00::1]:4747</c> or <c>web-1.example:4747</c>.
/// Pure.</summary>
/// <param name="Host">An IP address without brackets, or a DNS name in lower case.</param>
/// <param name="Port">From 1.</param>
internal sealed record FleetAddress(string Host, int Port)
{
    /// <summary>The longest DNS name (RFC 1035).</summary>
    private const int LongestName = 253;

    /// <summary>The IP address; null for a DNS name.</summary>
    public IPAddress? Ip => IPAddress.TryParse(Host, out var ip) ? ip : null;

    /// <summary>It cannot be reached from another machine.</summary>
    public bool IsLoopback => Ip is { } ip ? IPAddress.IsLoopback(ip) : Host == "localhost";

    /// <summary>The host as it stands in a URI.</summary>
    public string UriHost => Ip is { AddressFamily: AddressFamily.InterNetworkV6 } ? $"[{Host}]" : Host;

    /// <summary>Reads an address.</summary>
    /// <param name="text">The text.</param>
    /// <param name="fault">What is wrong with it, if null is returned.</param>
    public static FleetAddress? Parse(string? text, out string? fault)
    {
        fault = null;
        var colon = (text ??= "").LastIndexOf(':');
        if (colon <= 0 || !int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port)
            || port is < 1 or > 65535)
        {
            fault = "it must be HOST:PORT, with a port from 1 to 65535";
            return null;
        }

        var host = text[..colon];
        if (host is ['[', .. var inner, ']'] && IPAddress.TryParse(inner, out var six) && six.AddressFamily == AddressFamily.InterNetworkV6)
            return Checked(six, port, ref fault);
        // IPAddress reads "10.1" and "0x7f.1" too, which are no names that a certificate could hold.
        if (IPAddress.TryParse(host, out var ip))
        {
            if (ip.AddressFamily == AddressFamily.InterNetwork && ip.ToString() == host) return Checked(ip, port, ref fault);
            fault = ip.AddressFamily == AddressFamily.InterNetworkV6 ? $"an IPv6 address needs brackets: [{ip}]:{port}"
                : $"an IPv4 address has four numbers: {ip}:{port}";
            return null;
        }

        if (host.Length <= LongestName && host.Split('.').All(IsLabel)) return new FleetAddress(host.ToLowerInvariant(), port);
        fault = "its host is neither an IP address nor a DNS name";
        return null;
    }

    /// <inheritdoc/>
    public override string ToString() => $"{UriHost}:{Port}";

    // Other agents dial what stands here: any-address is none that could be dialled or certified.
    private static FleetAddress? Checked(IPAddress ip, int port, ref string? fault)
    {
        if (!ip.Equals(IPAddress.Any) && !ip.Equals(IPAddress.IPv6Any)) return new FleetAddress(ip.ToString(), port);
        fault = "it must be the address that other agents dial, not that of every interface";
        return null;
    }

    private static bool IsLabel(string label) => label.Length is > 0 and <= 63 && label[0] != '-' && label[^1] != '-'
        && label.All(c => char.IsAsciiLetterOrDigit(c) || c == '-');
}
