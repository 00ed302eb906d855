using System.Net;
using Ips.Host.Api;
using Ips.Host.Inventory.Storage;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;

namespace Ips.Host.Auth;

/// <summary>Lets only signed requests, and as long as there is no key those from loopback if that is allowed, through to <c>/v1</c>.
/// Order: what is cheap to refuse comes first, and a nonce is taken only after the signature was checked.</summary>
internal sealed class AuthMiddleware(
    RequestDelegate next, IInventoryStore store, AccessKeyCache keys, IOptions<AuthOptions> options, IOptions<ApiOptions> api, TimeProvider time)
{
    /// <summary>Checks one request.</summary>
    public async Task InvokeAsync(HttpContext context)
    {
        var problem = await CheckAsync(context);
        if (problem is null)
        {
            await next(context);
            return;
        }
        if (problem.Status == StatusCodes.Status401Unauthorized) context.Response.Headers.WWWAuthenticate = CredentialsParser.SchemeName;
        await Envelope.WriteProblemAsync(context, problem);
    }

    private async ValueTask<Problem?> CheckAsync(HttpContext context)
    {
        var request = context.Request;
        if (!RequestQuery.TryParse(request.QueryString.Value, out var query)) return Problems.TooManyParameters(RequestQuery.MaxCount);
        context.Features.Set(query);
        if (CheckContentType(request.ContentType) is { } wrongType) return wrongType;
        var credentials = CredentialsParser.Parse(query, request.Headers.Authorization, out var malformed);
        if (malformed is not null) return malformed;
        var known = await keys.GetAsync(context.RequestAborted);
        var now = time.GetUtcNow();
        if (known.Count == 0)
        {
            if (credentials is not null || !IsAnonymousAllowed(context)) return Problems.NoKeyConfigured;
        }
        else if (credentials is null)
        {
            return Problems.NoKeyInRequest;
        }
        else if (credentials.Scheme == SignatureScheme.V1 && !options.Value.AllowV1)
        {
            return Problems.SchemeOff;
        }
        else if (!SignatureVerifier.IsInWindow(credentials.Expires, now, options.Value.Window))
        {
            return Problems.Expired(options.Value.Window);
        }

        var body = new RequestBody(ReadOnlyMemory<byte>.Empty);
        if (HttpMethods.IsPost(request.Method) || HttpMethods.IsPut(request.Method))
        {
            var read = await RequestBody.ReadAsync(request, api.Value.MaxBodySizeBytes, context.RequestAborted);
            if (read is null) return Problems.BodyTooLarge(api.Value.MaxBodySizeBytes);
            body = read;
        }
        context.Features.Set(body);
        if (credentials is null)
        {
            context.Features.Set(new Caller(null));
            return null;
        }
        return await VerifyAsync(context, query, credentials, known.GetValueOrDefault(credentials.AccessKey), body, now);
    }

    private async ValueTask<Problem?> VerifyAsync(HttpContext context, RequestQuery query, Credentials credentials, AccessKey? key, RequestBody body, DateTimeOffset now)
    {
        var request = context.Request;
        var text = SignatureText.Build(request.Method, (request.PathBase + request.Path).Value ?? "", query.Parameters, body.Bytes.Span, credentials);
        if (SignatureVerifier.Verify(credentials, key, text, now) is { } refused) return refused;
        context.Features.Set(new Caller(key!.Name)); // known from here on: the access log names the key also if the request is refused below
        if (credentials.Scheme == SignatureScheme.V2)
        {
            // One second more than the window: another daemon's clock may be a little behind.
            var forgetBefore = now.ToUnixTimeSeconds() - (long)Math.Ceiling(options.Value.Window.TotalSeconds) - 1;
            var outcome = await store.TakeAsync(key.Name, credentials.Nonce, credentials.Expires, forgetBefore, options.Value.NonceCapacity, context.RequestAborted);
            if (outcome == NonceOutcome.Used) return Problems.NonceUsed;
            if (outcome == NonceOutcome.Full) return Problems.NonceStoreFull;
        }
        var writes = HttpMethods.IsPut(request.Method) || HttpMethods.IsDelete(request.Method);
        return writes && !key.CanWrite ? Problems.KeyReadOnly : null;
    }

    // Also for GET: existing clients send it, and a web page cannot without asking the server first, which matters for anonymous loopback.
    private static Problem? CheckContentType(string? contentType)
    {
        if (string.IsNullOrEmpty(contentType)) return Problems.Missing("Content-Type: application/json");
        return MediaTypeHeaderValue.TryParse(contentType, out var type) && type.MediaType.Equals("application/json", StringComparison.OrdinalIgnoreCase)
            ? null
            : Problems.Wrong("Content-Type", "application/json", " application/json");
    }

    // The name in Host too: a page whose name was made to point to 127.0.0.1 (DNS rebinding) may send any request with that name.
    private bool IsAnonymousAllowed(HttpContext context) =>
        options.Value.AllowAnonymousLoopback
        && context.Connection.RemoteIpAddress is { } remote && IPAddress.IsLoopback(remote)
        && (context.Request.Host.Host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
            || (IPAddress.TryParse(context.Request.Host.Host, out var host) && IPAddress.IsLoopback(host)));
}
