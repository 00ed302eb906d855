using System.Buffers;
using System.Collections;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using System.Reflection;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Ips.Actors.Transport;

/// <summary>The features, as Kestrel's socket transport gives them, and the signs of connection middleware.</summary>
/// <remarks>
/// The connection is its own feature collection, as there: one made of a dictionary would cost a connection that serves a single request
/// more than the request. A feature that somebody sets hides the connection's own.
/// </remarks>
internal sealed partial class HandoverConnection :
    IFeatureCollection,
    IConnectionIdFeature,
    IConnectionTransportFeature,
    IConnectionItemsFeature,
    IMemoryPoolFeature,
    IConnectionLifetimeFeature,
    IConnectionEndPointFeature,
    IConnectionSocketFeature
{
    private readonly List<KeyValuePair<Type, object?>> _set = new(5); // Kestrel sets four or five
    private IDictionary<object, object?>? _items;
    private string? _connectionId;
    private IDuplexPipe _currentTransport;
    private EndPoint? _localEndPoint;
    private EndPoint? _remoteEndPoint;
    private bool _httpStarted;
    private bool _middlewareSeen;
    private int _revision;

    public override IFeatureCollection Features => this;

    public override string ConnectionId
    {
        get => _connectionId ??= ConnectionIds.Next();
        set => (_connectionId, _middlewareSeen) = (value, true);
    }

    public override IDictionary<object, object?> Items
    {
        get => _items ??= new ConnectionItems();
        set => _items = value;
    }

    public override IDuplexPipe Transport
    {
        get => _currentTransport;
        set => _currentTransport = value;
    }

    public override CancellationToken ConnectionClosed { get; set; }

    public override EndPoint? LocalEndPoint
    {
        get => _localEndPoint;
        set => (_localEndPoint, _middlewareSeen) = (value, true);
    }

    public override EndPoint? RemoteEndPoint
    {
        get => _remoteEndPoint;
        set => (_remoteEndPoint, _middlewareSeen) = (value, true);
    }

    /// <summary>The connection of a request; null if the app has a transport of its own. By the indexer: a generic method of an interface
    /// is looked up at each call.</summary>
    public static HandoverConnection? Of(IFeatureCollection features) => features[typeof(HandoverConnection)] as HandoverConnection;

    /// <summary>The accepted socket. Owned by the connection.</summary>
    public Socket Socket => _socket;

    /// <summary>Whether it is one of the warm-up's.</summary>
    public bool IsWarmup { get; private set; }

    MemoryPool<byte> IMemoryPoolFeature.MemoryPool => _lane.Pool;

    bool IFeatureCollection.IsReadOnly => false;

    int IFeatureCollection.Revision => _revision;

    object? IFeatureCollection.this[Type key]
    {
        get
        {
            if (key == typeof(HandoverConnection)) return this; // asked for with each request
            ArgumentNullException.ThrowIfNull(key);
            return Find(key);
        }
        set
        {
            ArgumentNullException.ThrowIfNull(key);
            Replace(key, value);
        }
    }

    TFeature? IFeatureCollection.Get<TFeature>() where TFeature : default => (TFeature?)Find(typeof(TFeature));

    void IFeatureCollection.Set<TFeature>(TFeature? instance) where TFeature : default => Replace(typeof(TFeature), instance);

    IEnumerator<KeyValuePair<Type, object>> IEnumerable<KeyValuePair<Type, object>>.GetEnumerator()
    {
        foreach (var type in s_own)
        {
            if (!_set.Exists(entry => entry.Key == type)) yield return new KeyValuePair<Type, object>(type, this);
        }
        foreach (var (type, feature) in _set)
        {
            if (feature is not null) yield return new KeyValuePair<Type, object>(type, feature);
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => ((IEnumerable<KeyValuePair<Type, object>>)this).GetEnumerator();

    private static readonly Assembly s_kestrel = typeof(KestrelServer).Assembly;

    private static readonly Type[] s_own =
    [
        typeof(IConnectionIdFeature), typeof(IConnectionTransportFeature), typeof(IConnectionItemsFeature), typeof(IMemoryPoolFeature),
        typeof(IConnectionLifetimeFeature), typeof(IConnectionEndPointFeature), typeof(IConnectionSocketFeature),
            typeof(HandoverConnection),
    ];

    /// <summary>Before <see cref="Start"/>: makes it one of the warm-up's. Apps look at the address of a client, and one without would be
    /// new to them.</summary>
    internal void MarkWarmup(EndPoint localEndPoint)
    {
        (IsWarmup, _localEndPoint, _remoteEndPoint) = (true, localEndPoint, new IPEndPoint(IPAddress.Loopback, 0));
        _set.Add(new KeyValuePair<Type, object?>(typeof(IIpsWarmupFeature), WarmupMark.It));
    }

    /// <summary>What somebody other than Kestrel has set on this connection and not taken away again. Asked while connections move, so that
    /// it costs no request anything before.</summary>
    private UnmovableReason LookAtFeatures()
    {
        for (var i = 0; i < _set.Count; i++)
        {
            var (type, feature) = _set[i];
            if (feature is null || ReferenceEquals(feature, this)) continue;
            if (Array.IndexOf(s_own, type) >= 0) return UnmovableReason.ConnectionMiddleware; // it stands before the connection's own
            // Kestrel's are told by whose code they are, not by their type alone: one may be wrapped.
            if (feature.GetType().Assembly != s_kestrel && !_lane.MovableFeatures.Contains(type)) return UnmovableReason.ConnectionFeatures;
        }
        return UnmovableReason.None;
    }

    private object? Find(Type type)
    {
        // Kestrel's HTTP layer asks for the heartbeat just before it reads for the first time. Who reads before that looks for bytes that
        // are not HTTP, and in a successor, which starts in the middle of the connection, would wait for them again.
        if (type == typeof(IConnectionHeartbeatFeature) && !_httpStarted)
        {
            _httpStarted = true;
            if (_boundary.WasRead) _middlewareSeen = true;
        }

        foreach (var (key, feature) in _set)
        {
            if (key == type) return feature;
        }
        return Array.IndexOf(s_own, type) >= 0 ? this : null;
    }

    private sealed class WarmupMark : IIpsWarmupFeature
    {
        public static readonly WarmupMark It = new();
    }

    private void Replace(Type type, object? feature)
    {
        _revision++;
        if (type == typeof(IConnectionLifetimeNotificationFeature)) NoteNotification((IConnectionLifetimeNotificationFeature?)feature);
        if (feature is not null && (type == typeof(ITlsConnectionFeature) || type == typeof(ITlsHandshakeFeature))) _tls = true;
        var index = _set.FindIndex(entry => entry.Key == type);
        var entry = new KeyValuePair<Type, object?>(type, feature);
        if (index < 0) _set.Add(entry);
        else _set[index] = entry;
    }
}
