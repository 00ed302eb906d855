using Ips.Actors.HttpFront;
using Microsoft.Extensions.DependencyInjection;

namespace Microsoft.AspNetCore.Http;

/// <summary>What a request can ask of the generation that serves it.</summary>
public static class IpsHttpContextExtensions
{
    /// <summary>
    /// Gets a token for responses that never end by themselves, such as server-sent events. It is cancelled once this generation has handed
    /// over or stops, at a random moment within <c>ips.drain.websocket-spread</c>. End the response then, with an event of your own if the
    /// client expects one; responses that still run at <c>ips.drain.timeout</c> are cut. For a WebSocket whose request asked for the token,
    /// Ips sends no Close 1001: the app closes it.
    /// </summary>
    /// <param name="context">The request. Do not use the token after it.</param>
    /// <returns>The token, the same at each call. In an app without <c>AddIps()</c> it is never cancelled.</returns>
    public static CancellationToken IpsLeaving(this HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        if (context.Features.Get<LeavingToken>() is { } known) return known.Token;
        if (!OperatingSystem.IsLinux() || context.RequestServices.GetService<PoliteClose>() is not { } close) return CancellationToken.None;

        var leaving = new LeavingToken(close.LeavingToken(context));
        context.Features.Set(leaving);
        context.Features.Get<WebSocketFarewell>()?.LeaveToApp();
        return leaving.Token;
    }

    /// <summary>
    /// Excludes this request from the error ratio that judges a release on probation (<c>ips.reload.max-error-ratio</c>). Use it for a 5xx
    /// that reports an unavailable dependency, such as the database: a health check of the app covers that, and a successor may fail such a
    /// check as long as its predecessor fails it too.
    /// </summary>
    /// <param name="context">The request.</param>
    public static void IpsExcuseError(this HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        context.Features.Set(ExcusedError.Instance);
    }

    private sealed record LeavingToken(CancellationToken Token);
}
