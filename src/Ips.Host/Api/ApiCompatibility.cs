namespace Ips.Host.Api;

/// <summary>Whose clients the API answers as they are used to, where that is not what it answers otherwise.</summary>
internal enum ApiCompatibility
{
    /// <summary>Nobody's in particular.</summary>
    None,

    /// <summary>Those of Gin-IPs, see <see cref="GinIpsMap"/>.</summary>
    GinIps,
}
