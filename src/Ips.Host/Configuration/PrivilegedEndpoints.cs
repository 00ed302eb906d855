using System.Net;
using Microsoft.AspNetCore.Http;

namespace Ips.Host.Configuration;

/// <summary>The addresses that only root may listen on, as Kestrel will ask for them. Pure.</summary>
internal static class PrivilegedEndpoints
{
    /// <summary>Finds them.</summary>
    /// <param name="urls">Valid addresses, see <see cref="EndpointUrl"/>.</param>
    /// <param name="firstUnprivileged">The lowest port that everybody may listen on; net.ipv4.ip_unprivileged_port_start.</param>
    internal static IReadOnlyList<IPEndPoint> Of(IEnumerable<string> urls, int firstUnprivileged) =>
        [.. urls.Select(BindingAddress.Parse).Where(address => !address.IsUnixPipe && address.Port > 0 && address.Port < firstUnprivileged).SelectMany(EndPoints).Distinct()];

    // Kestrel listens for a name other than localhost, and for * and +, on every address.
    private static IEnumerable<IPEndPoint> EndPoints(BindingAddress address) =>
        address.Host.Equals("localhost", StringComparison.OrdinalIgnoreCase) ? [new(IPAddress.Loopback, address.Port), new(IPAddress.IPv6Loopback, address.Port)]
            : [new(IPAddress.TryParse(address.Host, out var ip) ? ip : IPAddress.IPv6Any, address.Port)];
}
