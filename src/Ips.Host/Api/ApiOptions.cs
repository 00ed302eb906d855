namespace Ips.Host.Api;

/// <summary>Bounds of a request. HOCON block <c>ips.api</c>.</summary>
internal sealed class ApiOptions
{
    /// <summary>Largest body of a request, bytes. From 1 KiB to 16 MiB. Default 64 KiB: a switch with 64 addresses and owners needs less
    /// than 25 KiB.</summary>
    public int MaxBodySizeBytes { get; set; } = 64 * 1024;

    /// <summary>Most memory of all bodies that are read or acted on at once, bytes; beyond it requests are answered 503. From 1 MiB to 1
    /// GiB, more than
    /// <see cref="MaxBodySizeBytes"/>. Default 64 MiB: 1,000 of the largest at once.</summary>
    public int BodyMemorySizeBytes { get; set; } = 64 * 1024 * 1024;

    /// <summary>Objects a page if a request does not say. From 1 to <see cref="MaxPageSize"/>. Default 20.</summary>
    public int PageSize { get; set; } = 20;

    /// <summary>Most objects a page, and of a search that asks for no page. From 1 to 10,000. Default 1,000: below 1 MiB with usual
    /// objects.</summary>
    public int MaxPageSize { get; set; } = 1_000;

    /// <summary>Whose clients are answered as they are used to. Default <see cref="ApiCompatibility.None"/>.</summary>
    public ApiCompatibility Compatibility { get; set; }
}

/// <summary>Whose clients the API answers as they are used to, where that is not what it answers otherwise.</summary>
internal enum ApiCompatibility
{
    /// <summary>Nobody's in particular.</summary>
    None,

    /// <summary>Those of Gin-IPs, see <see cref="GinIpsMap"/>.</summary>
    GinIps,
}
