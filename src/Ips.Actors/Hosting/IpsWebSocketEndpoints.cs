using System.Diagnostics.CodeAnalysis;
using Ips.Actors.WebSockets;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Adds endpoints for WebSockets that outlive the process that serves them.</summary>
public static class IpsWebSocketEndpoints
{
    /// <summary>Maps an endpoint for WebSockets that move to the next generation when this one hands over, if the app lets them:
    /// <code>
    /// app.MapResumableWebSocket("/chat", async (context, socket) =>
    /// {
    ///     var room = socket.IsResumed ? Room.From(socket.State) : await Room.JoinAsync(context);
    ///     await foreach (var message in socket.ReadMessagesAsync(context.RequestAborted)) await room.SayAsync(message.Text);
    ///     if (socket.IsLeaving) await socket.HandOverAsync(room.ToState());
    /// });
    /// </code>
    /// A WebSocket whose app does not hand over in time gets Close 1001, as every other one does. So does one over TLS or HTTP/2.</summary>
    /// <param name="endpoints">The app. <c>UseWebSockets()</c> is not needed. Without <c>AddIps()</c> the WebSockets never move.</param>
    /// <param name="pattern">The route.</param>
    /// <param name="handler">Serves one WebSocket; when it returns, the WebSocket is closed, unless it was handed over.</param>
    /// <param name="configure">Sets what is accepted; null for the defaults.</param>
    /// <returns>The endpoint, for its authorization and the like.</returns>
    public static IEndpointConventionBuilder MapResumableWebSocket(
        this IEndpointRouteBuilder endpoints, [StringSyntax("Route")] string pattern, Func<HttpContext, ResumableWebSocket, Task> handler,
        Action<ResumableWebSocketOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        ArgumentNullException.ThrowIfNull(pattern);
        ArgumentNullException.ThrowIfNull(handler);
        var options = new ResumableWebSocketOptions();
        configure?.Invoke(options);
        return endpoints.Map(pattern, endpoints.CreateApplicationBuilder()
            .UseWebSockets()
            .Use(_ => new ResumableEndpoint(handler, options).ServeAsync)
            .Build());
    }
}
