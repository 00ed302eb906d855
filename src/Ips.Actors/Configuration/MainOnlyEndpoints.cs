using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Http;

namespace Ips.Actors.Configuration;

/// <summary>Which endpoints <c>ips.listener.main-only</c> names. Pure.</summary>
internal static class MainOnlyEndpoints
{
    /// <summary>Why a URL names no endpoint; null if it does.</summary>
    public static string? Fault(string url) => Parse(url) is not { } address ? "a URL is meant, such as http://127.0.0.1:9464"
        : address.IsUnixPipe || address.Port is > 0 and <= 65535 ? null : "a port from 1 to 65535 is meant";

    /// <summary>Whether one of the URLs names an endpoint: by its port, or its Unix path.</summary>
    public static bool Names(IReadOnlyList<string> urls, EndPoint endPoint) => urls.Select(Parse).OfType<BindingAddress>().Any(
        address => endPoint switch
        {
            IPEndPoint ip => !address.IsUnixPipe && address.Port == ip.Port,
            UnixDomainSocketEndPoint unix => address.IsUnixPipe && address.UnixPipePath == unix.ToString(),
            _ => false,
        });

    /// <summary>The address of a URL as Kestrel reads it; null if it is none.</summary>
    public static BindingAddress? Parse(string url)
    {
        try
        {
            return BindingAddress.Parse(url);
        }
        catch (Exception e) when (e is FormatException or ArgumentException)
        {
            return null;
        }
    }
}
