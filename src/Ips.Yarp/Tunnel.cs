using System.Net;
using Ips.Actors.Handover;
using Ips.Actors.Transport;

namespace Ips.Yarp;

/// <summary>
/// A WebSocket that YARP passes on, with the connections to the client and to the backend. It can leave at any byte. YARP's two copies end
/// by themselves then: the client's input ends, so that what YARP has of it is kept for the next generation and not sent; and only when
/// that copy has ended, the backend's input ends. So YARP sees a WebSocket that both ends have closed, and reports no error.
/// </summary>
/// <param name="identity">A digest of whom the app has authenticated.</param>
/// <param name="replay">How it came; null for one that began here.</param>
[SupportedOSPlatform("linux")]
internal sealed class Tunnel(byte[] identity, UpgradeReplay? replay) : IMovableUpgrade, IDisposable
{
    private readonly Lock _gate = new();
    private readonly TaskCompletionSource<bool> _decided = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _requestEnded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _clientEnded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private IReadOnlyList<KeyValuePair<string, string>> _headers = StateOf(replay)?.Headers ?? [];
    private TunnelBackend? _backend = StateOf(replay) is null ? null : new TunnelBackend(replay!);
    private TunnelStream? _client;
    private Stage _stage;
    private bool _stayWanted;

    private enum Stage
    {
        Open,
        Leaving,
        Left,

        /// <summary>It stays, or has ended.</summary>
        Stays,
    }

    public byte[] Identity => identity;

    public bool IsTunnel => true;

    public UnmovableReason StayReason => _backend is null ? UnmovableReason.Backend : UnmovableReason.None;

    public bool IsAttached => _client is not null;

    public int Backend => _backend?.Descriptor ?? -1;

    public WebSocketFrameParser Frames { get; } = PlaceOf(replay);

    public Task<bool> Decided => _decided.Task;

    /// <summary>Whether it came from another generation.</summary>
    public bool IsReplay => replay is not null && _backend is not null;

    /// <summary>What travelled of a tunnel; null if it was none.</summary>
    public static TunnelState? StateOf(UpgradeReplay? replay) =>
        replay?.Parcel is { Backend: >= 0 } parcel && TunnelState.TryDecode(parcel.State) is { } state
            && WebSocketFrameParser.From(state.Frames) is not null ? state : null;

    /// <summary>The backend has accepted the WebSocket over this connection.</summary>
    public void Pair(BackendStream stream, HttpResponseMessage response)
    {
        var headers = new List<KeyValuePair<string, string>>();
        foreach (var (name, values) in response.Headers.NonValidated)
        {
            foreach (var value in values) headers.Add(new KeyValuePair<string, string>(name, value));
        }

        if (new TunnelState(Frames.ToBytes(), headers).Encode().Bytes.Length > TunnelState.MaxBytes) return;
        (_headers, _backend) = (headers, stream.BeginTunnel());
    }

    /// <summary>The backend's answer, as the generation before had it.</summary>
    public HttpResponseMessage Answer(HttpRequestMessage request)
    {
        var response = new HttpResponseMessage(HttpStatusCode.SwitchingProtocols)
        {
            Version = HttpVersion.Version11,
            RequestMessage = request,
            Content = new TunnelContent(new BackendStream(_backend!)),
        };
        foreach (var (name, value) in _headers) response.Headers.TryAddWithoutValidation(name, value);
        return response;
    }

    public Stream Attach(Stream stream) => _client = new TunnelStream(stream, () => _clientEnded.TrySetResult());

    public Task<bool> LeaveAsync()
    {
        lock (_gate)
        {
            if (_stage is not Stage.Open || _backend?.TryDetach() != true) return Task.FromResult(false);
            _stage = Stage.Leaving;
            return Task.FromResult(true);
        }
    }

    public bool Stay()
    {
        lock (_gate)
        {
            _stayWanted = true;
            if (_stage is Stage.Leaving or Stage.Left) return false;
            _stage = Stage.Stays;
        }

        _decided.TrySetResult(false);
        return true;
    }

    public void Release(bool left)
    {
        lock (_gate) _stage = left ? Stage.Left : Stage.Open;
        if (!left)
        {
            _backend!.Attach();
            if (_stayWanted || _requestEnded.Task.IsCompleted) Stay();
            return;
        }

        // First: until its end YARP would go on, and what it writes to the client now is kept, without a limit.
        _backend!.HoldReads();
        _decided.TrySetResult(true);
        _backend.KeepWrites();
        _ = EndBackendAsync();
    }

    // Bytes for a backend that has closed are of no use to anybody; YARP drops them as well.
    public UpgradeRest? Take() => _backend!.Take() is { } kept && (_client is not { IsGiven: true } || _backend.IsClosedByBackend)
        ? new UpgradeRest(kept, new TunnelState(Frames.ToBytes(), _headers).Encode()) : null;

    /// <summary>The request ends.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_stage is Stage.Open) _stage = Stage.Stays;
        }

        _requestEnded.TrySetResult();
        _decided.TrySetResult(true);
    }

    // Not before YARP's copy of what the client has sent has ended: the one that ends first cancels the other if it is the backend's.
    private async Task EndBackendAsync()
    {
        await Task.WhenAny(_clientEnded.Task, _requestEnded.Task).ConfigureAwait(false);
        _backend!.EndReads();
    }

    private static WebSocketFrameParser PlaceOf(UpgradeReplay? replay) =>
        StateOf(replay) is { } state ? WebSocketFrameParser.From(state.Frames)! : new WebSocketFrameParser();

    /// <summary>The bytes of a tunnel as a response's content.</summary>
    private sealed class TunnelContent(Stream stream) : HttpContent
    {
        protected override Task<Stream> CreateContentReadStreamAsync() => Task.FromResult(stream);

        protected override Task SerializeToStreamAsync(Stream target, TransportContext? context) => stream.CopyToAsync(target);

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing) stream.Dispose();
            base.Dispose(disposing);
        }
    }
}
