using Ips.Host.Auth;
using Ips.Host.Inventory;

namespace Ips.Host.Api;

/// <summary>What Gin-IPs answers where that would hurt clients who never knew it: <c>ips.api.compatibility = gin-ips</c>. Pure.
/// docs/api.md has it route by route and code by code.</summary>
internal static class GinIpsMap
{
    private static readonly string[] RefusedAddresses =
        ["192.168.122.1", "192.168.250.1", "192.168.255.1", "192.168.99.1", "192.168.56.1", "10.10.10.1"];
    private static readonly string[] RefusedPrefixes = ["127.0.0.", "169.254.", "11.1.", "10.176."];
    private const string RefusedSuffix = ".0.1";

    /// <summary>A Content-Type that is missing or not JSON.</summary>
    public static Problem ContentType { get; } =
        AuthRefusals.CredentialWrong("Content-Type", "application/json", " application/json");

    /// <summary>A key that does not exist or is disabled.</summary>
    public static Problem KeyNotUsable { get; } = new(ApiCode.KeyNotFound, "there is no such access key, or it is disabled", "访问密钥不存在或已停用");

    /// <summary>The code and status of a problem.</summary>
    public static Problem Of(Problem problem) => problem.Code switch
    {
        // 503 stays: load balancers and clients that try again act on it.
        ApiCode.Internal or ApiCode.StoreAway => problem with
        {
            Code = ApiCode.GinIpsInternal,
            Status = problem.Status == StatusCodes.Status500InternalServerError ? StatusCodes.Status401Unauthorized : problem.Status,
        },
        ApiCode.MethodNotAllowed => problem with { Status = StatusCodes.Status404NotFound },
        ApiCode.NotFound when problem == Problems.NoSuchPath => problem with { Status = StatusCodes.Status404NotFound },
        _ => problem,
    };

    /// <summary>Whether a search for this address is refused: what many machines have, so that it names none.</summary>
    public static bool IsRefused(InetAddress address) => address.ToString() is var text
        && (RefusedAddresses.Contains(text) || RefusedPrefixes.Any(prefix => text.StartsWith(prefix, StringComparison.Ordinal))
            || text.EndsWith(RefusedSuffix, StringComparison.Ordinal));

    /// <summary>Puts the class of an object into upper case, as Gin-IPs names it.</summary>
    /// <param name="body">The JSON of <see cref="ObjectCodec.Write"/>, whose first member is the class.</param>
    public static void NameClass(Span<byte> body)
    {
        for (var i = "{\"oid\":\""u8.Length; body[i] != '"'; i++)
            if (body[i] is >= (byte)'a' and <= (byte)'z') body[i] -= 'a' - 'A';
    }
}
