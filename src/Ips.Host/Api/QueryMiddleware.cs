using Ips.Host.Auth;
using Ips.Host.Inventory;

namespace Ips.Host.Api;

/// <summary>Refuses a query parameter that the route does not take, or that is there twice, before the route does anything: a misspelt
/// <c>dry_run</c> must not delete. Runs after <see cref="AuthMiddleware"/>, so that a stranger learns nothing.</summary>
/// <remarks>What a route takes is its <see cref="RouteMethods"/>; a route that was given none takes no parameter.</remarks>
internal sealed class QueryMiddleware(RequestDelegate next)
{
    private static readonly string[] CredentialNames = ["accesskey", "expires", "signature"];

    /// <summary>Checks one request.</summary>
    public Task InvokeAsync(HttpContext context)
    {
        if (context.GetEndpoint() is not { } endpoint || endpoint.Metadata.GetMetadata<IgnoresQuery>() is not null) return next(context);
        var query = context.Features.Get<RequestQuery>();
        if (query is null && !RequestQuery.TryParse(context.Request.QueryString.Value, out query))
            return Envelope.WriteProblemAsync(context, Problems.TooManyParameters(RequestQuery.MaxCount));
        var route = endpoint.Metadata.GetMetadata<RouteMethods>();
        var method = route?.Find(context.Request.Method);
        if (route is not null && method is null) return next(context); // which answers that the method is not allowed
        List<Refusal> found = [];
        foreach (var (name, _) in query.Parameters)
        {
            if (route is { IsSigned: true } && CredentialNames.Contains(name)) continue;
            if (method?.Parameters.FirstOrDefault(parameter => parameter.Name == name) is not { } known) found.Add(Refusals.Unknown(name));
            else if (known.NeedsV21 && context.Features.Get<Caller>() is { Scheme: SignatureScheme.V1 or SignatureScheme.V2 })
                found.Add(Problems.NeedsV21(name));
        }
        found.AddRange(query.Repeated.Select(Refusals.Twice));
        if (found.Count == 0) return next(context);
        Problem problem = Refusal.Join(found);
        // Outside of /v1 no client knows the envelope.
        return Envelope.WriteProblemAsync(context,
            route is { IsSigned: true } ? problem : problem with { Status = StatusCodes.Status400BadRequest });
    }
}
