using Ips.Actors.Transport;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.SignalR;

namespace Ips.Actors.HttpFront;

/// <summary>Watches a request become a WebSocket, over HTTP/1.1 or HTTP/2, and lets it take leave when this generation does.</summary>
[SupportedOSPlatform("linux")]
internal sealed class WebSocketFarewell : IHttpUpgradeFeature, IHttpExtendedConnectFeature, IGuest
{
    private const string WebSocketProtocol = "websocket";

    private readonly HttpContext _context;
    private readonly PoliteClose _close;
    private readonly IHttpUpgradeFeature? _upgrade;
    private readonly IHttpExtendedConnectFeature? _connect;
    private Func<Task<bool>>? _leave;
    private UnmovableReason _stayReason = UnmovableReason.Upgraded;
    private volatile bool _leftToApp;

    private WebSocketFarewell(HttpContext context, PoliteClose close, IHttpUpgradeFeature? upgrade, IHttpExtendedConnectFeature? connect) =>
        (_context, _close, _upgrade, _connect) = (context, close, upgrade, connect);

    public bool IsUpgradableRequest => _upgrade?.IsUpgradableRequest ?? false;

    public bool IsExtendedConnect => _connect?.IsExtendedConnect ?? false;

    public string? Protocol => _connect?.Protocol;

    string IGuest.ConnectionId => _context.Connection.Id;

    bool IGuest.AtOnce => false;

    UnmovableReason IGuest.StayReason => _stayReason;

    /// <summary>Watches a request if it asks for a WebSocket.</summary>
    public static void Watch(HttpContext context, PoliteClose close)
    {
        var features = context.Features;
        // Most requests: Kestrel's collection is both features itself.
        if (features is IHttpUpgradeFeature { IsUpgradableRequest: false } and not IHttpExtendedConnectFeature { IsExtendedConnect: true })
            return;
        if (string.Equals(context.Request.Headers.Upgrade, WebSocketProtocol, StringComparison.OrdinalIgnoreCase)
            && features.Get<IHttpUpgradeFeature>() is { IsUpgradableRequest: true } upgrade)
        {
            var farewell = new WebSocketFarewell(context, close, upgrade, connect: null);
            features.Set<IHttpUpgradeFeature>(farewell);
            features.Set(farewell);
        }
        else if (HttpMethods.IsConnect(context.Request.Method)
            && features.Get<IHttpExtendedConnectFeature>() is { IsExtendedConnect: true, Protocol: WebSocketProtocol } connect)
        {
            var farewell = new WebSocketFarewell(context, close, upgrade: null, connect);
            features.Set<IHttpExtendedConnectFeature>(farewell);
            features.Set(farewell);
        }
    }

    /// <summary>The app says goodbye itself.</summary>
    public void LeaveToApp() => _leftToApp = true;

    public async Task<Stream> UpgradeAsync() => Attach(await _upgrade!.UpgradeAsync().ConfigureAwait(false));

    public async ValueTask<Stream> AcceptAsync() => Attach(await _connect!.AcceptAsync().ConfigureAwait(false));

    Task<bool> IGuest.LeaveAsync(CancellationToken gone) => _leftToApp ? Task.FromResult(false) : _leave!();

    void IGuest.Abort() => _context.Abort();

    private FarewellStream Attach(Stream stream)
    {
        // SignalR says goodbye itself (HubFarewell), and a Close in the middle of it would be an error to its client.
        _leftToApp |= _context.GetEndpoint()?.Metadata.GetMetadata<HubMetadata>() is not null;
        var known = _context.Features.Get<IMovableUpgrade>();
        if (known is { StayReason: not UnmovableReason.None and var reason }) _stayReason = reason; // now: the request may be over by then
        var movable = known is { IsAttached: true } ? known : null;
        var watched = new FarewellStream(stream, movable?.Frames);
        _leave = movable is not null ? () => LeaveUnlessItMovesAsync(movable, watched) : watched.LeaveAsync;
        _context.Response.RegisterForDispose(_close.WhenLeaving(this));
        return watched;
    }

    // One that moves is told nothing; one that cannot, or whose app has not handed over in time, is closed as any other.
    private async Task<bool> LeaveUnlessItMovesAsync(IMovableUpgrade session, FarewellStream stream)
    {
        if (_close.Moves)
            await ((Task)session.Decided.WaitAsync(_close.MovePatience)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        // One that is about to leave decides: it may not come to it.
        if (!session.Stay() && await session.Decided.ConfigureAwait(false)) return false;
        return await stream.LeaveAsync().ConfigureAwait(false);
    }
}
