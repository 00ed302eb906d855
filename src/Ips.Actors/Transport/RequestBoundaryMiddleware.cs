using Microsoft.AspNetCore.Http;

namespace Ips.Actors.Transport;

/// <summary>Tells a <see cref="HandoverConnection"/> of its requests. The first middleware of the app: what ran before it could read a body unseen.</summary>
internal sealed class RequestBoundaryMiddleware(RequestDelegate next)
{
    public Task InvokeAsync(HttpContext context)
    {
        context.Features.Get<HandoverConnection>()?.RequestStarted(context.Features);
        return next(context);
    }
}
