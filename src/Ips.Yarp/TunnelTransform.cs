using System.Security.Cryptography;
using Ips.Actors.Transport;
using Ips.Actors.WebSockets;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Yarp.ReverseProxy.Transforms;

namespace Ips.Yarp;

/// <summary>Gives each request for a WebSocket its tunnel, on the way to YARP's client.</summary>
[SupportedOSPlatform("linux")]
internal sealed class TunnelTransform : RequestTransform
{
    public override ValueTask ApplyAsync(RequestTransformContext context)
    {
        var http = context.HttpContext;
        if (string.Equals(http.Request.Headers.Upgrade, "websocket", StringComparison.OrdinalIgnoreCase)
            && http.Features.Get<IHttpUpgradeFeature>() is { IsUpgradableRequest: true }
            && HandoverConnection.Of(http.Features) is { IsWarmup: false } connection
            && Make(http, connection) is { } tunnel)
        {
            context.ProxyRequest.Options.Set(TunnelHandler.Key, tunnel);
        }

        return ValueTask.CompletedTask;
    }

    private static Tunnel? Make(HttpContext http, HandoverConnection connection)
    {
        if (http.Features.Get<IMovableUpgrade>() is Tunnel made) return made; // YARP asks once more, by another version of HTTP
        var identity = UpgradeIdentity.Of(http.User);
        var replay = connection.Replay;
        if (replay is { Decided.IsCompleted: false })
        {
            if (!CryptographicOperations.FixedTimeEquals(replay.Parcel.Identity, identity))
                return Refuse(http, replay, "identity", StatusCodes.Status403Forbidden);
            if (Tunnel.StateOf(replay) is null) return Refuse(http, replay, "kind", StatusCodes.Status503ServiceUnavailable);
        }

        var tunnel = new Tunnel(identity, replay);
        http.Features.Set<IMovableUpgrade>(tunnel);
        http.Response.RegisterForDispose(tunnel);
        return tunnel;
    }

    // YARP does not forward a request that has an answer.
    private static Tunnel? Refuse(HttpContext http, UpgradeReplay replay, string reason, int status)
    {
        replay.Blame(reason);
        http.Response.StatusCode = status;
        return null;
    }
}
