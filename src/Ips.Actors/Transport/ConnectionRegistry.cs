using System.Collections.Concurrent;
using Microsoft.AspNetCore.Connections;

namespace Ips.Actors.Transport;

/// <summary>Every connection of this generation from its arrival on the accept thread to its end.</summary>
internal sealed class ConnectionRegistry
{
    private readonly ConcurrentDictionary<TrackedConnection, bool> _connections = new();
    private readonly Lock _gate = new();
    private int _open;
    private TaskCompletionSource? _emptied;

    /// <summary>Connections that arrived and have not ended, those still queued for Kestrel included.</summary>
    public int Open => Volatile.Read(ref _open);

    /// <summary>Requests being answered now.</summary>
    public int RunningRequests => _connections.Keys.Sum(connection => connection.RunningRequests);

    /// <summary>A descriptor was accepted; <see cref="Track"/> or <see cref="Leave"/> follows.</summary>
    public void Arrive() => Interlocked.Increment(ref _open);

    /// <summary>A connection ended, or never came to be.</summary>
    public void Leave()
    {
        if (Interlocked.Decrement(ref _open) == 0)
        {
            lock (_gate)
            {
                _emptied?.TrySetResult();
                _emptied = null;
            }
        }
    }

    /// <summary>Follows an arrived connection until Kestrel disposes it.</summary>
    public TrackedConnection Track(ConnectionContext connection)
    {
        var tracked = new TrackedConnection(connection, this);
        _connections[tracked] = true;
        return tracked;
    }

    /// <summary>Completes as soon as no connection is open.</summary>
    public Task WhenEmpty()
    {
        lock (_gate)
        {
            if (Open == 0)
            {
                return Task.CompletedTask;
            }

            _emptied ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _emptied.Task;
        }
    }

    /// <summary>Aborts each connection on which a request runs; idle ones are left to Kestrel's stop, which ends them with a FIN.</summary>
    /// <returns>How many requests were cut.</returns>
    public int AbortRunning()
    {
        var cut = 0;
        foreach (var connection in _connections.Keys)
        {
            var running = connection.RunningRequests;
            if (running > 0)
            {
                cut += running;
                connection.Abort(new ConnectionAbortedException("The drain deadline of this generation has come."));
            }
        }

        return cut;
    }

    /// <summary>Kestrel has disposed the connection.</summary>
    internal void Remove(TrackedConnection connection)
    {
        if (_connections.TryRemove(connection, out _))
        {
            Leave();
        }
    }
}
