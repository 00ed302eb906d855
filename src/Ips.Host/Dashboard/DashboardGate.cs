using System.Security.Cryptography;
using System.Text;

namespace Ips.Host.Dashboard;

/// <summary>What the gate looks at of a request.</summary>
/// <param name="Method">The method.</param>
/// <param name="Path">The path, without the query.</param>
/// <param name="Host">The header <c>Host</c>.</param>
internal sealed record GateRequest(string Method, string Path, string? Host)
{
    /// <summary>The one-time token, if one came.</summary>
    public string? Token { get; init; }

    /// <summary>The cookie, if it came.</summary>
    public string? Cookie { get; init; }

    /// <summary>The header <c>Origin</c>.</summary>
    public string? Origin { get; init; }

    /// <summary>The header <c>Sec-Fetch-Site</c>, which no script can set.</summary>
    public string? FetchSite { get; init; }

    /// <summary>A browser fetches ahead of its user (<c>Sec-Purpose</c>).</summary>
    public bool IsPrefetch { get; init; }

    /// <summary>The header <c>Content-Type</c>.</summary>
    public string? ContentType { get; init; }
}

/// <summary>What the gate decides.</summary>
internal enum GateAnswer
{
    /// <summary>The token is right, and used up by this: the caller gets the cookie.</summary>
    Enter,

    /// <summary>The request is of the page.</summary>
    Admit,

    /// <summary>It is refused.</summary>
    Refuse,
}

/// <summary>A decision.</summary>
/// <param name="Answer">What is done.</param>
/// <param name="Status">The status of a refusal.</param>
/// <param name="Reason">Why it is refused, for a person; names no secret.</param>
internal readonly record struct GateDecision(GateAnswer Answer, int Status = 200, string Reason = "");

/// <summary>Decides who may see the page. Any user of this machine can connect to its port, and any web page that a user visits can send
/// requests there.</summary>
/// <param name="port">The port on loopback.</param>
/// <param name="token">The one-time token, unguessable.</param>
/// <param name="cookie">The value of the cookie, unguessable.</param>
/// <param name="place">The first segment of each path, unguessable: browsers send a cookie to every port of a host, but only to its own
/// path, so another program that a user visits on loopback never gets it.</param>
internal sealed class DashboardGate(int port, string token, string cookie, string place)
{
    private const int SecretBytes = 32, PlaceBytes = 12;
    private const string NotInvited = "This page opens by the address that 'ips dashboard' has printed, once.";

    private readonly string[] _hosts = [$"127.0.0.1:{port}", $"localhost:{port}"];
    private int _used;

    /// <summary>The name of the cookie.</summary>
    internal const string CookieName = "ips-dashboard";

    /// <summary>A gate with secrets of its own.</summary>
    internal static DashboardGate Create(int port) => new(port, Secret(SecretBytes), Secret(SecretBytes), Secret(PlaceBytes));

    /// <summary>The address to open.</summary>
    internal string Address => $"http://127.0.0.1:{port}/?token={token}";

    /// <summary>Where the page lies: <c>/…/</c>.</summary>
    internal string Folder => $"/{place}/";

    /// <summary>The cookie that the token is changed for. It ends with the browser, and is sent with nothing that another site
    /// begins.</summary>
    internal string SetCookie => $"{CookieName}={cookie}; Path={Folder}; HttpOnly; SameSite=Strict";

    /// <summary>Decides. The token counts once.</summary>
    internal GateDecision Decide(GateRequest request)
    {
        // By another name a page elsewhere would lead here (DNS rebinding), and its scripts could read the answer.
        if (request.Host is not { } host || !_hosts.Contains(host, StringComparer.OrdinalIgnoreCase))
            return Refused(StatusCodes.Status403Forbidden, $"The host of a request must be {_hosts[0]} or {_hosts[1]}.");
        if (request.Method is not ("GET" or "HEAD" or "POST"))
            return Refused(StatusCodes.Status405MethodNotAllowed, "Only GET, HEAD and POST are answered.");
        if (request is { Path: "/", Token: not null }) return Enter(request);
        if (!Same(request.Cookie, cookie)) return Refused(StatusCodes.Status403Forbidden, NotInvited);
        if (!request.Path.StartsWith(Folder, StringComparison.Ordinal))
            return Refused(StatusCodes.Status404NotFound, "There is no such page.");
        return OfThePage(request, host) ? new(GateAnswer.Admit)
            : Refused(StatusCodes.Status403Forbidden, "The request comes from another origin than the page.");
    }

    private GateDecision Enter(GateRequest request)
    {
        if (request.Method != "GET") return Refused(StatusCodes.Status405MethodNotAllowed, "The token is brought by GET.");
        if (request.IsPrefetch)
            return Refused(StatusCodes.Status503ServiceUnavailable, "The address counts once: it is not fetched ahead.");
        if (!Same(request.Token, token)) return Refused(StatusCodes.Status403Forbidden, NotInvited);
        return Interlocked.Exchange(ref _used, 1) == 0 ? new(GateAnswer.Enter) : Refused(StatusCodes.Status403Forbidden,
            "This address has been used: it opens the page once. Run 'ips dashboard' again for another browser.");
    }

    // A request that changes something must say where it comes from; one that reads may be a person's (no origin, "none").
    private static bool OfThePage(GateRequest request, string host)
    {
        var own = request.Origin is { } origin && origin.Equals($"http://{host}", StringComparison.OrdinalIgnoreCase);
        return request.Method == "POST"
            ? own && request.FetchSite is null or "same-origin" && request.ContentType == "application/json"
            : (own || request.Origin is null) && request.FetchSite is null or "same-origin" or "none";
    }

    private static GateDecision Refused(int status, string reason) => new(GateAnswer.Refuse, status, reason);

    // In a time that does not depend on where they differ.
    private static bool Same(string? given, string secret) => given is not null
        && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(given), Encoding.UTF8.GetBytes(secret));

    private static string Secret(int bytes) => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(bytes));
}
