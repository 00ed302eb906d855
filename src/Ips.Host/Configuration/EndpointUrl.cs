using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Http;

namespace Ips.Host.Configuration;

/// <summary>Judges an address as Kestrel would, before anything is started. Pure.</summary>
internal static class EndpointUrl
{
    /// <summary>Whether only this machine can reach a valid address: loopback, or a Unix socket.</summary>
    internal static bool IsOfThisMachine(string url)
    {
        var address = BindingAddress.Parse(url);
        return address.IsUnixPipe || address.Host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
            || (IPAddress.TryParse(address.Host, out var ip) && IPAddress.IsLoopback(ip));
    }

    /// <summary>Why Kestrel would not take the address; null if it would.</summary>
    internal static string? Fault(string url)
    {
        BindingAddress address;
        try
        {
            address = BindingAddress.Parse(url);
        }
        catch (Exception e) when (e is FormatException or ArgumentException) // the latter for http://unix:/
        {
            return $"'{url}' is no URL such as http://127.0.0.1:8080";
        }
        if (!address.Scheme.Equals("http", StringComparison.OrdinalIgnoreCase)
            && !address.Scheme.Equals("https", StringComparison.OrdinalIgnoreCase))
            return $"'{url}' has the scheme {address.Scheme}; http and https are served";
        if (address.PathBase.Length > 0) return $"'{url}' has the path {address.PathBase}; an address has none";
        if (address.IsUnixPipe) return null;
        if (address.Host.Length == 0) return $"'{url}' names no host";
        return address.Port is >= 0 and <= 65535 ? null
            : string.Create(CultureInfo.InvariantCulture, $"'{url}' has the port {address.Port}; ports are from 0 to 65535");
    }
}

/// <summary>The addresses that only root may listen on, as Kestrel will ask for them. Pure.</summary>
internal static class PrivilegedEndpoints
{
    /// <summary>Finds them.</summary>
    /// <param name="urls">Valid addresses, see <see cref="EndpointUrl"/>.</param>
    /// <param name="firstUnprivileged">The lowest port that everybody may listen on; net.ipv4.ip_unprivileged_port_start.</param>
    internal static IReadOnlyList<IPEndPoint> Of(IEnumerable<string> urls, int firstUnprivileged) =>
        [.. urls.Select(BindingAddress.Parse).Where(address => !address.IsUnixPipe && address.Port > 0 && address.Port < firstUnprivileged)
            .SelectMany(EndPoints).Distinct()];

    // Kestrel listens for a name other than localhost, and for * and +, on every address.
    private static IEnumerable<IPEndPoint> EndPoints(BindingAddress address) =>
        address.Host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
            ? [new(IPAddress.Loopback, address.Port), new(IPAddress.IPv6Loopback, address.Port)]
            : [new(IPAddress.TryParse(address.Host, out var ip) ? ip : IPAddress.IPv6Any, address.Port)];
}
