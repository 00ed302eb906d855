using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Ips.Actors.HttpFront;

/// <summary>Answers the requests of a warm-up: by itself, or through the app's pipeline. It does not log, measure or trace them, as the
/// host's own application would.</summary>
/// <param name="contexts">Makes what the app sees of a request.</param>
/// <param name="scheme">The scheme that the app sees. An app with an https endpoint may redirect anything else.</param>
internal sealed class WarmupApplication(IHttpContextFactory contexts, string scheme) : IHttpApplication<WarmupApplication.Request>
{
    private const string Answer = "warm\n";

    private volatile RequestDelegate? _pipeline;
    private volatile Exception? _thrown;

    /// <summary>Where requests go from now on; null: they are answered here.</summary>
    public RequestDelegate? Pipeline
    {
        get => _pipeline;
        set => _pipeline = value;
    }

    /// <summary>What the app has thrown last, and forgets it.</summary>
    public Exception? TakeThrown() => Interlocked.Exchange(ref _thrown, null);

    public Request CreateContext(IFeatureCollection contextFeatures)
    {
        if (_pipeline is not { } pipeline) return new Request(new DefaultHttpContext(contextFeatures), null);
        var context = contexts.Create(contextFeatures);
        context.Request.Scheme = scheme;
        return new Request(context, pipeline);
    }

    public async Task ProcessRequestAsync(Request context)
    {
        if (context.Pipeline is null)
        {
            context.Http.Response.ContentType = "text/plain";
            await context.Http.Response.WriteAsync(Answer).ConfigureAwait(false);
            return;
        }

        try
        {
            await context.Pipeline(context.Http).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            _thrown = e;
            throw; // Kestrel answers 500
        }
    }

    public void DisposeContext(Request context, Exception? exception)
    {
        if (context.Pipeline is not null) contexts.Dispose(context.Http);
    }

    /// <summary>A request, and who serves it; null for this class.</summary>
    internal readonly record struct Request(HttpContext Http, RequestDelegate? Pipeline);
}
