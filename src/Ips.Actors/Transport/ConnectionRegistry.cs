using Ips.Actors.Handover;
using Microsoft.AspNetCore.Connections;

namespace Ips.Actors.Transport;

/// <summary>All connections of this process, from their arrival on the accept thread to their end.</summary>
[SupportedOSPlatform("linux")]
internal sealed class ConnectionRegistry
{
    private readonly Lock _listGate = new();
    private readonly Tally _open = new();
    private readonly Tally _waiting = new();
    private HandoverConnection? _first;
    private volatile bool _closing;

    /// <summary>Connections that are open, those that still wait for Kestrel to take them included.</summary>
    public int Open => _open.Count;

    /// <summary>Connections with a request that has begun and not ended, as of now. Looks at each.</summary>
    public int Busy => Connections.Count(connection => connection.IsRequestRunning);

    /// <summary>The open connections by kind, as of now. Looks at each.</summary>
    public IReadOnlyList<WaitingConnections> ByKind() =>
    [
        .. Connections.GroupBy(connection => connection.Kind).OrderBy(kind => kind.Key, StringComparer.Ordinal).Select(kind =>
            new WaitingConnections(kind.Key, kind.Count(), kind.Count(connection => connection.IsRequestRunning),
                kind.Max(connection => connection.AgeMs))),
    ];

    /// <summary>The open connections as of now.</summary>
    public IReadOnlyList<HandoverConnection> Connections
    {
        get
        {
            var connections = new List<HandoverConnection>(Open);
            lock (_listGate)
            {
                for (var connection = _first; connection is not null; connection = connection.Place.Next) connections.Add(connection);
            }
            return connections;
        }
    }

    /// <summary>Called with each connection that begins to run, on the thread that made it; null for nobody.</summary>
    public Action<HandoverConnection>? Opened { get; set; }

    /// <summary>Called with each upgrade that was answered again, with the reason if it was refused; null for nobody.</summary>
    public Action<string?>? Replayed { get; set; }

    /// <summary>A descriptor was accepted, or adopted, and waits for Kestrel. <see cref="Left"/> follows when it was taken or
    /// dropped.</summary>
    public void Arrived()
    {
        _open.Add();
        _waiting.Add();
    }

    /// <summary>An arrived descriptor waits no more: it is a connection that counts itself, or it is closed.</summary>
    public void Left()
    {
        _waiting.Remove();
        _open.Remove();
    }

    /// <summary>Completes as soon as no connection is open.</summary>
    public Task WhenEmpty() => _open.WhenNone();

    /// <summary>Completes as soon as nothing waits for Kestrel: what had arrived is among <see cref="Connections"/>, and
    /// <see cref="Opened"/> was called.</summary>
    public Task WhenNoneWaits() => _waiting.WhenNone();

    /// <summary>Ends each connection as soon as no request runs on it, as Kestrel's own stop does.</summary>
    /// <param name="spareUnread">Leave alone who has sent what nobody has read yet: it may be a request. Else those are ended as well, and
    /// each that opens from now on.</param>
    public void CloseIdle(bool spareUnread)
    {
        _closing |= !spareUnread;
        foreach (var connection in Connections)
        {
            if (!spareUnread || !connection.HasUnread) connection.RequestClose();
        }
    }

    /// <summary>Resets each connection on which a request runs; the others are left to Kestrel's stop, which ends them with a FIN, and at
    /// once if their client was told before.</summary>
    /// <returns>How many requests were cut.</returns>
    public int AbortBusy(string reason)
    {
        foreach (var connection in Connections) connection.EndLinger();
        return Abort(Connections.Where(connection => connection.IsRequestRunning), reason);
    }

    internal void Add(HandoverConnection connection)
    {
        lock (_listGate)
        {
            connection.Place = new Links(true, null, _first);
            if (_first is not null) _first.Place.Previous = connection;
            _first = connection;
        }
        _open.Add();
        if (_closing) connection.RequestClose();
        Opened?.Invoke(connection);
    }

    internal void Remove(HandoverConnection connection)
    {
        lock (_listGate)
        {
            var (listed, previous, next) = connection.Place;
            if (!listed) return;
            if (previous is null) _first = next;
            else previous.Place.Next = next;
            if (next is not null) next.Place.Previous = previous;
            connection.Place = default;
        }
        _open.Remove();
    }

    private static int Abort(IEnumerable<HandoverConnection> connections, string reason)
    {
        var cut = 0;
        foreach (var connection in connections)
        {
            cut += connection.RunningRequests;
            connection.Abort(new ConnectionAbortedException(reason));
        }
        return cut;
    }

    /// <summary>A connection's place in the list, kept by the connection: a dictionary would cost each more than the rest of its
    /// bookkeeping.</summary>
    internal record struct Links(bool Listed, HandoverConnection? Previous, HandoverConnection? Next);
}
