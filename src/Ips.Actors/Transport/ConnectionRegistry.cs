using System.Collections.Concurrent;
using Microsoft.AspNetCore.Connections;

namespace Ips.Actors.Transport;

/// <summary>All connections of this process that are open.</summary>
internal sealed class ConnectionRegistry
{
    private readonly ConcurrentDictionary<HandoverConnection, byte> _connections = new(ReferenceEqualityComparer.Instance as IEqualityComparer<HandoverConnection>);
    private int _open;

    /// <summary>Connections that are open.</summary>
    public int Open => Volatile.Read(ref _open);

    /// <summary>Connections with a request that has begun and not ended, as of now. Looks at each.</summary>
    public int Busy => Connections.Count(connection => connection.IsRequestRunning);

    /// <summary>The open connections; ones that come or go meanwhile may be in it or not.</summary>
    public IEnumerable<HandoverConnection> Connections => _connections.Select(entry => entry.Key);

    /// <summary>Resets each open connection.</summary>
    /// <returns>How many had a request that was cut.</returns>
    public int AbortAll(string reason)
    {
        var cut = 0;
        foreach (var connection in Connections)
        {
            if (connection.IsRequestRunning) cut++;
            connection.Abort(new ConnectionAbortedException(reason));
        }
        return cut;
    }

    internal void Add(HandoverConnection connection)
    {
        if (_connections.TryAdd(connection, 0)) Interlocked.Increment(ref _open);
    }

    internal void Remove(HandoverConnection connection)
    {
        if (_connections.TryRemove(connection, out _)) Interlocked.Decrement(ref _open);
    }
}
