using Ips.Actors.Configuration;
using Ips.Actors.Hosting;
using Ips.Actors.Transport;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace Ips.Actors.HttpFront;

/// <summary>First in every app: counts requests on their connection, and closes connections politely while draining.</summary>
internal sealed class FrontMiddleware(RequestDelegate next, FrontGate gate, GenerationContext generation, IOptions<IpsOptions> options)
{
    private readonly string? _generationHeader =
        options.Value.GenerationHeader ? generation.Number.ToString(System.Globalization.CultureInfo.InvariantCulture) : null;

    /// <summary>Serves one request.</summary>
    public Task InvokeAsync(HttpContext context)
    {
        if (context.Features.Get<HandoverConnection>() is { } connection)
        {
            connection.RequestStarted(context.Features);
        }
        else if (context.Features.Get<MemoryConnection>() is not null)
        {
            return next(context); // a warm-up request: neither counted nor closed
        }

        if (_generationHeader is not null)
        {
            context.Response.Headers["X-Ips-Generation"] = _generationHeader;
        }

        // Callbacks of OnStarting run newest first, so ours, registered first, sees the headers as they go out.
        context.Response.OnStarting(OnStarting, context);
        context.Response.OnCompleted(OnCompleted, context);
        return next(context);
    }

    // Decided at the last moment: a response that goes out after the drain began must say so, whenever its request came.
    private Task OnStarting(object state)
    {
        if (gate.Draining)
        {
            var context = (HttpContext)state;
            if (gate.Moving && context.Features.Get<HandoverConnection>() is { Unmovable: UnmovableReason.None })
            {
                return Task.CompletedTask; // it leaves as soon as this response is sent
            }

            if (!HttpProtocol.IsHttp11(context.Request.Protocol) && !HttpProtocol.IsHttp10(context.Request.Protocol))
            {
                context.Features.Get<IConnectionLifetimeNotificationFeature>()?.RequestClose(); // GOAWAY
                gate.ToldOfClose(context.Connection.Id);
            }
            else if (context.Response.StatusCode != StatusCodes.Status101SwitchingProtocols)
            {
                context.Response.Headers.Connection = "close";
                gate.ToldOfClose(context.Connection.Id);
            }
        }

        return Task.CompletedTask;
    }

    private Task OnCompleted(object state)
    {
        gate.Answered(((HttpContext)state).Response.StatusCode);
        return Task.CompletedTask;
    }
}
