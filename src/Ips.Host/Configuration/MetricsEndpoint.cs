using System.Net;
using Ips.Actors.Configuration;

namespace Ips.Host.Configuration;

/// <summary>The address of <c>/metrics</c>, and who may ask there. Pure.</summary>
internal static class MetricsEndpoint
{
    /// <summary>The path.</summary>
    public const string Path = "/metrics";

    private static readonly string[] s_proxied = ["Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto",
        "X-Forwarded-Port", "X-Forwarded-Prefix", "X-Real-IP", "Via"];

    /// <summary>Why an address cannot be it; null if it can.</summary>
    /// <param name="url">The address; empty for none.</param>
    public static string? Fault(string url)
    {
        if (url.Length == 0) return null;
        if (MainOnlyEndpoints.Parse(url) is not { } address) return "it is no URL such as http://127.0.0.1:9464";
        return !address.Scheme.Equals("http", StringComparison.OrdinalIgnoreCase) ? "its scheme must be http"
            : address.IsUnixPipe || !IsLoopback(address.Host) ? "its host must be 127.0.0.1, [::1] or localhost"
            : address.PathBase.Length > 0 ? $"it must have no path; the metrics are at {Path}"
            : address.Port is > 0 and <= 65535 ? null : "its port must be from 1 to 65535";
    }

    /// <summary>The port of an address; null if it has none.</summary>
    public static int? PortOf(string url) => MainOnlyEndpoints.Parse(url) is { IsUnixPipe: false } address ? address.Port : null;

    /// <summary>Why a request is refused; null if it is answered.</summary>
    /// <remarks>A scraper on this machine asks by the address of this machine. A request that came through a proxy, or that a browser sends
    /// for a page whose name leads here (DNS rebinding), tells others what only this machine may see.</remarks>
    public static string? Refusal(HttpRequest request)
    {
        foreach (var header in s_proxied)
        {
            if (request.Headers.ContainsKey(header)) return $"The request has the header {header}: it came through a proxy.";
        }

        return IsLoopback(request.Host.Host) ? null : "The host of the request is not of this machine's loopback.";
    }

    private static bool IsLoopback(string host) => host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(host, out var ip) && IPAddress.IsLoopback(ip));
}
