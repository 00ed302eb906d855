using System.Net;
using System.Net.WebSockets;
using System.Security.Claims;
using Ips.Actors.Configuration;
using Ips.Actors.Transport;
using Ips.Actors.WebSockets;
using Ips.SampleApp;
using Ips.Testing.WebSockets;
using Ips.Transport.Tests.Transport;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;

namespace Ips.Transport.Tests.WebSockets;

/// <summary>A successor that does not answer an upgrade as it was answered: the client is closed with 1012 after a whole frame, the reason
/// is counted, and not a byte of the client is taken for a request.</summary>
public sealed class ResumableRefusalTests
{
    private const string Smuggled = "GET /n/smuggled HTTP/1.1\r\nHost: x\r\n\r\n";

    /// <summary>What the other generation does, and what is counted.</summary>
    public static TheoryData<string, string> Refusals => new()
    {
        { "auth", "status-401" },
        { "route", "status-404" },
        { "redirect", "status-302" },
        { "failure", "status-500" },
        { "limit", "status-500" },
        { "subprotocol", "subprotocol" },
        { "extensions", "extensions" },
        { "identity", "identity" },
        { "abort", "reset" },
    };

    [Theory]
    [MemberData(nameof(Refusals))]
    public async Task Replay_NotAnsweredAsBefore_ClosesWith1012AndParsesNoByteOfTheClient(string how, string reason)
    {
        await using var from = await StartAsync("1", "none");
        await using var to = await StartAsync("2", how);
        var refusals = new List<string?>();
        to.Registry.Replayed = refusal => { lock (refusals) refusals.Add(refusal); };
        using var peer = await CuttingPeer.ConnectAsync((IPEndPoint)from.EndPoint, "/chain", 1,
            "Authorization: user\r\nSec-WebSocket-Protocol: b, a\r\nSec-WebSocket-Extensions: permessage-deflate\r\n", cuts: false);
        Assert.Contains("Sec-WebSocket-Protocol: a\r\n", peer.Answer, StringComparison.Ordinal);
        Assert.Contains("permessage-deflate", peer.Answer, StringComparison.Ordinal);

        // Half a frame, whose payload is a request: it travels, and may not be read as one.
        var connection = Assert.Single(from.Registry.Connections);
        var left = await connection.BeginMove(UpgradePolicy.Move).WaitAsync(Limits.Step);
        var moved = Assert.IsType<MoveResult.Moved>(left);
        await peer.SendRawAsync(System.Text.Encoding.ASCII.GetBytes(Smuggled + Smuggled));
        var requests = to.App.Requests;
        to.Listener.Adopt(moved with { Upgrade = moved.Upgrade! with { Received = System.Text.Encoding.ASCII.GetBytes(Smuggled) } });

        if (how == "abort") await Assert.ThrowsAsync<IOException>(() => peer.ReadToEndAsync()); // the app's own wish
        else Assert.Equal([0x88, 0x02, 0x03, 0xF4], (await peer.ReadToEndAsync()).TakeLast(4));
        await Eventually.TrueAsync(() => to.Registry.Open == 0);
        lock (refusals) Assert.Equal(reason, refusals[^1]);
        Assert.InRange(to.App.Requests - requests, 0, 1); // the upgrade itself
        Assert.DoesNotContain("smuggled", to.App.Seen);
    }

    [Fact]
    public async Task Resume_StateThatTheReleaseCannotRead_ClosesWith1012()
    {
        await using var from = await StartAsync("1", "none");
        await using var to = await StartAsync("2", "state");
        var refusals = new List<string?>();
        to.Registry.Replayed = refusals.Add;
        using var peer = await CuttingPeer.ConnectAsync((IPEndPoint)from.EndPoint, "/chain", 1,
            "Authorization: user\r\nSec-WebSocket-Protocol: a\r\n", cuts: false);
        to.Listener.Adopt(Assert.IsType<MoveResult.Moved>(
            await Assert.Single(from.Registry.Connections).BeginMove(UpgradePolicy.Move).WaitAsync(Limits.Step)));
        while (await peer.ReceiveAsync().WaitAsync(Limits.Step) is not null)
        {
        }

        Assert.Equal(1012, (int)peer.Closed!);
        await Eventually.TrueAsync(() => refusals.Count == 2);
        Assert.Contains("state", refusals);
    }

    // Bytes that were under way to the client come first.
    [Fact]
    public async Task Replay_Refused_SendsWhatWasUnderWayFirst()
    {
        await using var from = await StartAsync("1", "none");
        await using var to = await StartAsync("2", "auth");
        using var peer = await CuttingPeer.ConnectAsync((IPEndPoint)from.EndPoint, "/chain", 1,
            "Authorization: user\r\nSec-WebSocket-Protocol: a\r\n", cuts: false);
        var moved = Assert.IsType<MoveResult.Moved>(
            await Assert.Single(from.Registry.Connections).BeginMove(UpgradePolicy.Move).WaitAsync(Limits.Step));
        // The app's last message was sent before the move, or travels.
        byte[] underWay = [.. moved.Upgrade!.Unsent.Span, 0x82, 1, 7];
        to.Listener.Adopt(moved with { Upgrade = moved.Upgrade with { Unsent = underWay } });
        Assert.Equal([0x81, 5, .. "bye 1"u8, 0x82, 1, 7, 0x88, 0x02, 0x03, 0xF4], await peer.ReadToEndAsync());
    }

    private static Task<TestHost> StartAsync(string name, string how) => TestHost.StartAsync(name,
        kestrel: options => options.Limits.MaxConcurrentUpgradedConnections = how == "limit" ? 0 : null,
        map: app =>
        {
            app.Use(async (context, next) =>
            {
                if (!context.Request.Path.StartsWithSegments("/chain", StringComparison.Ordinal))
                {
                    if (context.Request.Path.Value!.Contains("smuggled", StringComparison.Ordinal))
                        app.Services.GetRequiredService<TestApp>().Seen.Enqueue("smuggled");
                    await next(context);
                    return;
                }

                var user = how == "identity" ? "somebody else" : context.Request.Headers.Authorization.ToString();
                context.User = new ClaimsPrincipal(new ClaimsIdentity([new Claim(ClaimTypes.NameIdentifier, user)], "test"));
                switch (how)
                {
                    case "auth": context.Response.StatusCode = 401; return;
                    case "redirect": context.Response.Redirect("/login"); return;
                    case "failure": throw new InvalidOperationException("not now");
                    case "abort": context.Abort(); return;
                    default: await next(context); return;
                }
            });
            app.UseRouting();
            if (how == "route") return;
            var reads = how == "state" ? 2 : 1;
            app.MapResumableWebSocket("/chain", (context, socket) => ChainChat.ServeAsync(context, socket, 1, reads), options =>
            {
                options.Compress = how != "extensions";
                options.SubProtocols.Add(how == "subprotocol" ? "b" : "a");
            });
        });
}
