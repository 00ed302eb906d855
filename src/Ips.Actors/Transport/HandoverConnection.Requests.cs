using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Ips.Actors.Transport;

/// <summary>What <c>FrontMiddleware</c> reports of requests, so that the connection knows where one ends.</summary>
internal sealed partial class HandoverConnection
{
    private static readonly Func<object, Task> s_ended = static connection => ((HandoverConnection)connection).RequestEnded();

    private int _running;
    private RequestBody? _body;
    private UpgradeWatch? _upgrade;
    private bool _manyAtOnce;
    private volatile bool _bodyLeft;

    /// <summary>What measured its last request, for the next one; null before the first.</summary>
    public object? Metered { get; set; }

    /// <summary>Whether a request has begun and its response has not ended.</summary>
    public bool IsRequestRunning => RunningRequests > 0;

    /// <summary>Requests that have begun and not ended: at most 1 on HTTP/1.1.</summary>
    public int RunningRequests => Volatile.Read(ref _running);

    /// <summary>
    /// Whether what is to be read next is no request: the last one ended with its body unread, and the connection is broken. Kestrel then
    /// does not read the rest of the body away, as it does on one that is whole, and would take it for the next request.
    /// </summary>
    internal bool IsBrokenInBody => _bodyLeft && (_closed.IsCancellationRequested || _shutdownReason is not null);

    /// <summary>A request's headers were read. Before anything else looks at the request.</summary>
    internal void RequestStarted(IFeatureCollection features)
    {
        Interlocked.Increment(ref _running);
        First<IHttpResponseFeature>(features).OnCompleted(s_ended, this);

        var request = First<IHttpRequestFeature>(features);
        if (_manyAtOnce || !IsHttp1(request.Protocol))
        {
            _manyAtOnce = true; // streams run side by side: nothing below holds for them
            NoteStreams();
            MarkUnmovable(UnmovableReason.Http2);
            return;
        }
        _upgrade = Find<IHttpUpgradeFeature>(features) is { IsUpgradableRequest: true } upgrade
            ? new UpgradeWatch(this, features, upgrade) : null;
        if (_upgrade is not null) features.Set<IHttpUpgradeFeature>(_upgrade);

        _bodyLeft = false;
        // A server that does not tell whether there may be a body is not known to end without one.
        _body = Find<IHttpRequestBodyDetectionFeature>(features) is { CanHaveBody: false } ? null : RequestBody.Watch(features, request);
    }

    private Task RequestEnded()
    {
        Interlocked.Decrement(ref _running);
        if (_manyAtOnce) return Task.CompletedTask;

        if (_body is { EndSeen: false })
        {
            _bodyLeft = true;
            MarkUnmovable(UnmovableReason.UnreadBody);
        }
        else if (_unmovable is UnmovableReason.None)
        {
            _boundary.NextReadIsBoundary();
        }

        _body = null;
        return Task.CompletedTask;
    }

    /// <summary>A feature, as the server gives it: Kestrel's collection is the feature itself, and a cast is several times cheaper than its
    /// lookup.</summary>
    private static TFeature? Find<TFeature>(IFeatureCollection features) where TFeature : class => features as TFeature
        ?? features.Get<TFeature>();

    private static TFeature First<TFeature>(IFeatureCollection features) where TFeature : class => features as TFeature
        ?? features.GetRequiredFeature<TFeature>();

    private static bool IsHttp1(string protocol) => HttpProtocol.IsHttp11(protocol) || HttpProtocol.IsHttp10(protocol);
}
