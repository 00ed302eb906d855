using System.Buffers;

namespace Ips.Host.Api;

/// <summary>Gives each request an id: in the answer's <c>X-Request-Trace-Id</c>, in the access log and in error messages.
/// A client's own id is kept if it is 1 to 64 of <c>A-Z a-z 0-9 . _ -</c>; anything else could forge a line of a log.</summary>
internal sealed class TraceIdMiddleware(RequestDelegate next)
{
    /// <summary>The header's name.</summary>
    public const string HeaderName = "X-Request-Trace-Id";

    private static readonly SearchValues<char> Allowed = SearchValues
        .Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");

    /// <summary>Sets the id and goes on.</summary>
    public Task InvokeAsync(HttpContext context)
    {
        string? given = context.Request.Headers[HeaderName];
        var id = given is { Length: > 0 and <= 64 } && !given.AsSpan().ContainsAnyExcept(Allowed) ? given : NewId();
        context.TraceIdentifier = id;
        context.Response.Headers[HeaderName] = id;
        return next(context);
    }

    private static string NewId()
    {
        Span<byte> bytes = stackalloc byte[16];
        Random.Shared.NextBytes(bytes); // it tells requests apart and is no secret; OpenSSL's took 3 % of a small request
        return Convert.ToHexStringLower(bytes);
    }
}
