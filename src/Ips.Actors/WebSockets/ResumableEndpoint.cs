using System.Security.Cryptography;
using Ips.Actors.Configuration;
using Ips.Actors.Transport;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Ips.Actors.WebSockets;

/// <summary>An endpoint of <c>MapResumableWebSocket</c>.</summary>
internal sealed class ResumableEndpoint(Func<HttpContext, ResumableWebSocket, Task> handler, ResumableWebSocketOptions options)
{
    private static readonly TimeSpan CloseTimeout = TimeSpan.FromSeconds(5);

    /// <summary>Serves one request.</summary>
    public async Task ServeAsync(HttpContext context)
    {
        if (!context.WebSockets.IsWebSocketRequest)
        {
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            return;
        }

        var identity = UpgradeIdentity.Of(context.User);
        var (replay, mayMove) = OperatingSystem.IsLinux() ? Look(context) : (null, false);
        if (replay is not null && !CryptographicOperations.FixedTimeEquals(replay.Parcel.Identity, identity))
        {
            replay.Blame("identity");
            context.Response.StatusCode = StatusCodes.Status403Forbidden;
            return;
        }

        var session = new ResumableSession(identity);
        if (mayMove) context.Features.Set<IMovableUpgrade>(session);
        try
        {
            await ServeAsync(context, session, replay).ConfigureAwait(false);
        }
        finally
        {
            session.End();
        }
    }

    private async Task ServeAsync(HttpContext context, ResumableSession session, UpgradeReplay? replay)
    {
        var offer = options.Compress ? DeflateOfferParser.Choose(context.Request.Headers.SecWebSocketExtensions) : null;
        if (offer is not null) context.Request.Headers.SecWebSocketExtensions = offer; // it is answered as this one
        using var accepted = await context.WebSockets.AcceptWebSocketAsync(new WebSocketAcceptContext
        {
            SubProtocol = context.WebSockets.WebSocketRequestedProtocols.FirstOrDefault(options.SubProtocols.Contains),
            DangerousEnableCompression = offer is not null,
            DisableServerContextTakeover = true,
            KeepAliveInterval = options.KeepAliveInterval > TimeSpan.Zero ? options.KeepAliveInterval : Timeout.InfiniteTimeSpan,
            KeepAliveTimeout = Timeout.InfiniteTimeSpan, // whatever the app has set for others: with one, the WebSocket reads ahead
        }).ConfigureAwait(false);
        if (replay is not null && !await replay.Decided.ConfigureAwait(false)) return; // the client is closed

        var limits = context.RequestServices.GetRequiredService<IOptions<IpsOptions>>().Value.Websockets;
        var socket = new ResumableWebSocket(accepted, session.IsAttached ? session : null, replay?.Parcel.State, limits.MaxState,
            options.MaxMessageBytes, reason => Count(context, reason));
        try
        {
            await handler(context, socket).ConfigureAwait(false);
        }
        catch (Exception e) when (e is OperationCanceledException or System.Net.WebSockets.WebSocketException
            && context.RequestAborted.IsCancellationRequested)
        {
            // The client is gone.
        }

        if (socket.HasLeft) await socket.LetGoAsync().ConfigureAwait(false);
        else await CloseAsync(context, session, socket).ConfigureAwait(false);
    }

    [SupportedOSPlatform("linux")]
    private static (UpgradeReplay? Replay, bool MayMove) Look(HttpContext context) =>
        HandoverConnection.Of(context.Features) is { IsWarmup: false } connection ? (connection.Replay, true) : (null, false);

    private static void Count(HttpContext context, string reason)
    {
        if (OperatingSystem.IsLinux()) context.RequestServices.GetService<ConnectionRegistry>()?.Replayed?.Invoke(reason);
    }

    private static async Task CloseAsync(HttpContext context, ResumableSession session, ResumableWebSocket socket)
    {
        var leaving = session.IsLeaving;
        session.Stay(); // from here on it is closed here
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        limit.CancelAfter(CloseTimeout);
        try
        {
            await socket.CloseAsync(socket.IsLost ? ResumableWebSocket.ServiceRestart
                : leaving ? System.Net.WebSockets.WebSocketCloseStatus.EndpointUnavailable
                : System.Net.WebSockets.WebSocketCloseStatus.NormalClosure, null, limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The client does not answer: its connection ends with the request.
        }
    }
}
