using System.Net;
using Ips.Host.Auth;
using Ips.Host.Inventory;
using Ips.Host.Inventory.Storage;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;

namespace Ips.Host.Api;

/// <summary>Lets only signed requests, and as long as there is no key those from loopback if that is allowed, through to <c>/v1</c>.
/// Order: what is cheap to refuse comes first, a body is read only for a key that exists, and a nonce is taken only after the signature was
/// checked.</summary>
internal sealed class AuthMiddleware(
    RequestDelegate next, IInventoryStore store, AccessKeyCache keys, BodyMemory memory, IOptions<AuthOptions> options,
        IOptions<ApiOptions> api, TimeProvider time)
{
    /// <summary>The header of an answer with the name of the key that the request was signed with.</summary>
    public const string UserHeader = "X-Request-User";

    private readonly ReadNonces _readNonces = new(time);

    /// <summary>Checks one request.</summary>
    public async Task InvokeAsync(HttpContext context)
    {
        StoreBudget.Begin();
        try
        {
            var problem = await CheckAsync(context);
            if (problem is null)
            {
                await next(context);
                return;
            }
            if (problem.Status == StatusCodes.Status401Unauthorized) context.Response.Headers.WWWAuthenticate =
                CredentialsParser.SchemeName;
            await Envelope.WriteProblemAsync(context, problem);
        }
        finally
        {
            context.Features.Get<RequestBody>()?.Dispose();
        }
    }

    private async ValueTask<Problem?> CheckAsync(HttpContext context)
    {
        var request = context.Request;
        if (!RequestQuery.TryParse(request.QueryString.Value, out var query)) return Problems.TooManyParameters(RequestQuery.MaxCount);
        context.Features.Set(query);
        var path = (request.PathBase + request.Path).Value ?? "";
        // Nothing here has one, and in v1 and v2 a line break in a path or parameter would end a line of what is signed.
        if (path.Any(char.IsControl) || query.HasControlCharacters) return Problems.ControlCharacters;
        var isGinIps = api.Value.Compatibility == ApiCompatibility.GinIps;
        if (CheckContentType(request.ContentType) is { } wrongType) return isGinIps ? GinIpsMap.ContentType : wrongType;
        if (isGinIps && string.IsNullOrEmpty(request.Headers.Authorization) && query["accesskey"] is { Length: > 0 } name)
        {
            // Before anything else of the credentials, as Gin-IPs does.
            if (!(await keys.GetAsync(context.RequestAborted)).TryGetValue(name, out var named) || !named.IsEnabled)
                return GinIpsMap.KeyNotUsable;
        }
        var credentials = CredentialsParser.Parse(query, request.Headers.Authorization, out var malformed);
        if (malformed is not null) return malformed;
        var known = await keys.GetAsync(context.RequestAborted);
        if (known.Count == 0)
        {
            if (credentials is not null || !IsAnonymousAllowed(context)) return AuthRefusals.NoKeyConfigured;
        }
        else if (credentials is null)
        {
            return AuthRefusals.NoKeyInRequest;
        }
        else if (credentials.Scheme == SignatureScheme.V1 && !options.Value.AllowV1)
        {
            return AuthRefusals.V1Off;
        }
        else if (credentials.Scheme == SignatureScheme.V2 && !options.Value.AllowV2)
        {
            return AuthRefusals.V2Off;
        }
        else if (!SignatureVerifier.IsInWindow(credentials.Expires, time.GetUtcNow(), options.Value.Window))
        {
            return AuthRefusals.Expired(options.Value.Window);
        }

        var key = credentials is null ? null : known.GetValueOrDefault(credentials.AccessKey);
        if (HasBody(context, credentials))
        {
            // That this tells which keys exist cannot be helped: the names are no secret, and a stranger's body is not worth its memory.
            if (credentials is not null && key is null) return AuthRefusals.SignatureWrong;
            var (body, problem) = await RequestBody.ReadAsync(request, api.Value.MaxBodySizeBytes, memory, context.RequestAborted);
            if (body is null) return problem;
            context.Features.Set(body);
        }
        else
        {
            context.Features.Set(RequestBody.None(memory));
        }
        if (credentials is null)
        {
            context.Features.Set(new Caller(null, null));
            return null;
        }
        return await VerifyAsync(context, path, query, credentials, key);
    }

    private async ValueTask<Problem?> VerifyAsync(HttpContext context, string path, RequestQuery query, Credentials credentials,
        AccessKey? key)
    {
        var request = context.Request;
        var body = context.Features.GetRequiredFeature<RequestBody>().Bytes;
        byte[]? text;
        if (credentials.Scheme == SignatureScheme.V21)
        {
            var headers = SignedHeaders.Of(request.Headers, out var twice);
            if (twice is not null) return twice;
            text = SignatureText.Build21(request.Method, context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget, headers,
                body.Span, credentials);
            if (text is null) return AuthRefusals.SignatureWrong;
        }
        else
        {
            text = SignatureText.Build(request.Method, path, query.Parameters, body.Span, credentials);
        }
        var refused = SignatureVerifier.Verify(credentials, key, text, time.GetUtcNow());
        if (refused == AuthRefusals.SignatureWrong && credentials.Scheme == SignatureScheme.V1 && body.IsEmpty
            && HasBody(context, credentials))
        {
            // Clients of Gin-IPs sign an empty line for an empty body.
            text = SignatureText.Build(request.Method, path, query.Parameters, body.Span, credentials, signsEmptyBody: false);
            refused = SignatureVerifier.Verify(credentials, key, text, time.GetUtcNow());
        }
        if (refused is not null) return refused;
        context.Response.Headers[UserHeader] = key!.Name;
        // known from here on: the access log names the key also if the request is refused below
        context.Features.Set(new Caller(key.Name, credentials.Scheme));
        var writes = HttpMethods.IsPut(request.Method) || HttpMethods.IsDelete(request.Method);
        if (credentials.Scheme != SignatureScheme.V1)
        {
            // The store judges by its own clock and now: a body may have taken longer than the window.
            var (window, capacity) = (options.Value.Window, options.Value.NonceCapacity);
            var outcome = await TakeNonceAsync(key.Name, credentials, writes, window, capacity, context.RequestAborted);
            if (outcome == NonceOutcome.Used) return AuthRefusals.NonceUsed;
            if (outcome == NonceOutcome.Forgotten) return AuthRefusals.NonceForgotten;
            if (outcome == NonceOutcome.Full) return AuthRefusals.NonceStoreFull;
        }
        if (writes && !key.CanWrite) return AuthRefusals.KeyReadOnly;
        return null;
    }

    // A read changes nothing, and an attacker who recorded it has seen its answer too. Preventing its replay to another generation or
    // daemon is not worth refusing all reads while the disk is full.
    private async ValueTask<NonceOutcome> TakeNonceAsync(
        string key, Credentials credentials, bool writes, TimeSpan window, int capacity, CancellationToken cancellationToken)
    {
        try
        {
            return await store.TakeAsync(key, credentials.Nonce, credentials.Expires, window, capacity, cancellationToken);
        }
        catch (StoreAwayException e) when (!writes && e.ReadsGoOn)
        {
            return _readNonces.Take(key, credentials.Nonce, window, capacity);
        }
    }

    // v1 and v2 do not sign the body of a GET or DELETE, and nothing here reads it; v2.1 signs what there is.
    private static bool HasBody(HttpContext context, Credentials? credentials) =>
        HttpMethods.IsPost(context.Request.Method) || HttpMethods.IsPut(context.Request.Method)
        || (credentials?.Scheme == SignatureScheme.V21 && context.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody != false);

    // Also for GET: existing clients send it, and a web page cannot without asking the server first, which matters for anonymous loopback.
    private static Problem? CheckContentType(string? contentType)
    {
        if (string.IsNullOrEmpty(contentType)) return Refusals.Missing("Content-Type: application/json");
        if (MediaTypeHeaderValue.TryParse(contentType, out var type)
            && type.MediaType.Equals("application/json", StringComparison.OrdinalIgnoreCase)) return null;
        return Refusals.Wrong("Content-Type", "application/json", " application/json");
    }

    // The name in Host too: a page whose name was made to point to 127.0.0.1 (DNS rebinding) may send any request with that name.
    private bool IsAnonymousAllowed(HttpContext context) =>
        options.Value.AllowAnonymousLoopback
        && context.Connection.RemoteIpAddress is { } remote && IPAddress.IsLoopback(remote)
        && (context.Request.Host.Host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
            || (IPAddress.TryParse(context.Request.Host.Host, out var host) && IPAddress.IsLoopback(host)));
}
