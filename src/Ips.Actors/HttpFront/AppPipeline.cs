using Microsoft.AspNetCore.Http;

namespace Ips.Actors.HttpFront;

/// <summary>The app's whole request pipeline, <see cref="FrontMiddleware"/> included, but without the host's log events, metrics and traces
/// around it.</summary>
internal sealed class AppPipeline
{
    /// <summary>Serves a request; null before the app is built.</summary>
    public RequestDelegate? Serve { get; set; }
}
