using System.IO.Pipelines;
using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;

namespace Ips.Actors.Transport;

/// <summary>A connection of the stock transport that is counted until Kestrel disposes it, with the requests that run on it.</summary>
internal sealed class TrackedConnection : ConnectionContext
{
    private readonly ConnectionContext _inner;
    private readonly ConnectionRegistry _registry;
    private int _runningRequests;

    public TrackedConnection(ConnectionContext inner, ConnectionRegistry registry)
    {
        (_inner, _registry) = (inner, registry);
        inner.Features.Set(this);
    }

    /// <summary>Requests being answered on this connection: at most 1 on HTTP/1.1.</summary>
    public int RunningRequests => Volatile.Read(ref _runningRequests);

    /// <inheritdoc/>
    public override string ConnectionId
    {
        get => _inner.ConnectionId;
        set => _inner.ConnectionId = value;
    }

    /// <inheritdoc/>
    public override IFeatureCollection Features => _inner.Features;

    /// <inheritdoc/>
    public override IDictionary<object, object?> Items
    {
        get => _inner.Items;
        set => _inner.Items = value;
    }

    /// <inheritdoc/>
    public override IDuplexPipe Transport
    {
        get => _inner.Transport;
        set => _inner.Transport = value;
    }

    /// <inheritdoc/>
    public override CancellationToken ConnectionClosed
    {
        get => _inner.ConnectionClosed;
        set => _inner.ConnectionClosed = value;
    }

    /// <inheritdoc/>
    public override EndPoint? LocalEndPoint
    {
        get => _inner.LocalEndPoint;
        set => _inner.LocalEndPoint = value;
    }

    /// <inheritdoc/>
    public override EndPoint? RemoteEndPoint
    {
        get => _inner.RemoteEndPoint;
        set => _inner.RemoteEndPoint = value;
    }

    /// <summary>A request began.</summary>
    public void RequestBegan() => Interlocked.Increment(ref _runningRequests);

    /// <summary>A request's response is complete.</summary>
    public void RequestEnded() => Interlocked.Decrement(ref _runningRequests);

    /// <inheritdoc/>
    public override void Abort(ConnectionAbortedException abortReason) => _inner.Abort(abortReason);

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        await _inner.DisposeAsync().ConfigureAwait(false);
        _registry.Remove(this);
        await base.DisposeAsync().ConfigureAwait(false);
    }
}
