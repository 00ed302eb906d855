using System.Net;

namespace Ips.Yarp;

/// <summary>Around YARP's client: learns which connection a WebSocket is passed on by, and answers one that came from another generation
/// with the 101 that its backend has given there.</summary>
[SupportedOSPlatform("linux")]
internal sealed class TunnelHandler : DelegatingHandler
{
    /// <summary>Where the transform leaves the tunnel of a request.</summary>
    public static readonly HttpRequestOptionsKey<Tunnel> Key = new("Ips.Tunnel");

    // Read when the request is written: a connection may have been opened in the flow of another request.
    private static readonly AsyncLocal<Pairing?> s_current = new();

    /// <summary>A request is written over a connection.</summary>
    public static void NoteWrite(BackendStream stream)
    {
        if (s_current.Value is { } pairing) pairing.Stream = stream;
    }

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
        !request.Options.TryGetValue(Key, out var tunnel) ? base.SendAsync(request, cancellationToken)
        : tunnel.IsReplay ? Task.FromResult(tunnel.Answer(request))
        : SendAsync(request, tunnel, cancellationToken);

    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, Tunnel tunnel, CancellationToken cancellationToken)
    {
        var pairing = new Pairing();
        s_current.Value = pairing;
        var response = await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
        if (response.StatusCode is HttpStatusCode.SwitchingProtocols && response.Version == HttpVersion.Version11
            && request.RequestUri?.Scheme == Uri.UriSchemeHttp && pairing.Stream is { } stream)
        {
            tunnel.Pair(stream, response);
        }

        return response;
    }

    private sealed class Pairing
    {
        public BackendStream? Stream { get; set; }
    }
}
