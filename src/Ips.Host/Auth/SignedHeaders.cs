using Microsoft.Extensions.Primitives;

namespace Ips.Host.Auth;

/// <summary>The headers that v2.1 signs, each as sent; null is a header that was not sent, which is another request than an empty
/// one.</summary>
internal readonly record struct SignedHeaders(string? Host, string? IfMatch, string? IfNoneMatch)
{
    /// <summary>Takes the headers of a request.</summary>
    /// <param name="headers">All headers.</param>
    /// <param name="problem">One of them is there twice: what would then be signed could be told apart no more from other values.</param>
    public static SignedHeaders Of(IHeaderDictionary headers, out AuthRefusal? problem)
    {
        problem = Twice("Host", headers.Host) ?? Twice("If-Match", headers.IfMatch) ?? Twice("If-None-Match", headers.IfNoneMatch);
        return problem is null ? new SignedHeaders(One(headers.Host), One(headers.IfMatch), One(headers.IfNoneMatch)) : default;
    }

    private static AuthRefusal? Twice(string name, StringValues values) => values.Count > 1 ? AuthRefusals.HeaderTwice(name) : null;

    private static string? One(StringValues values) => values.Count == 0 ? null : values[0] ?? "";
}
