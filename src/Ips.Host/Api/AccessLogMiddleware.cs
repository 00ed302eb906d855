using Ips.Actors.Transport;
using Ips.Host.Auth;
using Microsoft.Extensions.Options;

namespace Ips.Host.Api;

/// <summary>Writes one line for each answered request of a client; the warm-up's are no client's.</summary>
internal sealed class AccessLogMiddleware(RequestDelegate next, AccessLogWriter writer, IOptions<AccessLogOptions> options,
    IGenerationNumber generation, TimeProvider time)
{
    /// <summary>Runs the rest of the pipeline and logs the request.</summary>
    public Task InvokeAsync(HttpContext context) =>
        options.Value.Format == AccessLogFormat.Off || context.Features.Get<IIpsWarmupFeature>() is not null ? next(context)
            : LogAsync(context);

    private async Task LogAsync(HttpContext context)
    {
        var (began, timestamp) = (time.GetUtcNow(), time.GetTimestamp());
        try
        {
            await next(context);
        }
        finally
        {
            var request = context.Request;
            var entry = new AccessLogEntry(began, context.Connection.RemoteIpAddress, context.Features.Get<Caller>()?.KeyName,
                request.Method,
                LoggedTarget.Of((request.PathBase + request.Path).Value ?? "", request.QueryString.Value), request.Protocol,
                    context.Response.StatusCode,
                context.Response.ContentLength, time.GetElapsedTime(timestamp), generation.Current, context.TraceIdentifier);
            writer.Add(AccessLogCodec.Write(entry, options.Value.Format));
        }
    }
}
