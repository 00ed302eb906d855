using Ips.Actors.HttpFront;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;

namespace Ips.Actors.Hosting;

/// <summary>Puts <see cref="FrontMiddleware"/> before the app's own middleware, and keeps the whole for the warm-up.</summary>
[SupportedOSPlatform("linux")]
internal sealed class FrontStartupFilter(HostClaim claim, AppPipeline pipeline) : IStartupFilter
{
    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => claim.InertReason is not null ? next : app =>
    {
        app.Use(next => pipeline.Serve = next);
        app.UseMiddleware<FrontMiddleware>();
        next(app);
    };
}
