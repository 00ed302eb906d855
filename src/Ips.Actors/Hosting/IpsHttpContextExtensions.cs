using Ips.Actors.HttpFront;
using Microsoft.Extensions.DependencyInjection;

namespace Microsoft.AspNetCore.Http;

/// <summary>What a request may ask of the generation that serves it.</summary>
public static class IpsHttpContextExtensions
{
    /// <summary>
    /// A token for responses without an end of their own, such as server-sent events: it is cancelled once this generation has handed over or stops,
    /// at a random moment within <c>ips.drain.websocket-spread</c>. End the response then (with an event of your own, if the client expects one);
    /// what is left at <c>ips.drain.timeout</c> is cut. A WebSocket whose request asks for the token is not sent Close 1001 by Ips: the app says
    /// goodbye itself.
    /// </summary>
    /// <param name="context">The request. The token must not be used after it.</param>
    /// <returns>The token, the same each time; one that is never cancelled in an app without <c>AddIps()</c>.</returns>
    public static CancellationToken IpsLeaving(this HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        if (context.Features.Get<LeavingToken>() is { } known) return known.Token;
        if (context.RequestServices.GetService<PoliteClose>() is not { } close) return CancellationToken.None;

        var leaving = new LeavingToken(close.LeavingToken(context));
        context.Features.Set(leaving);
        context.Features.Get<WebSocketFarewell>()?.LeaveToApp();
        return leaving.Token;
    }

    /// <summary>
    /// Keeps a 5xx answer to this request from counting against a release on probation (<c>ips.reload.max-error-ratio</c>). For an answer
    /// that says
    /// that something behind the app is away, such as its database: whether that counts, a health check of the app decides, which a
    /// successor fails
    /// without harm while its predecessor fails it too.
    /// </summary>
    /// <param name="context">The request.</param>
    public static void IpsExcuseError(this HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        context.Features.Set(ExcusedError.Instance);
    }

    private sealed record LeavingToken(CancellationToken Token);
}
