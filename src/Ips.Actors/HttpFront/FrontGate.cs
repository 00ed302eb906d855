using System.Collections.Concurrent;

namespace Ips.Actors.HttpFront;

/// <summary>What the request path must know of the lifecycle, and the requests that it has answered. Written by
/// <see cref="HttpFrontActor"/>, read on every request; it outlives a restart of the actor.</summary>
internal sealed class FrontGate
{
    private readonly ConcurrentDictionary<string, bool> _closedPolitely = new();
    private long _requests;
    private long _errors;
    private volatile bool _ready;
    private volatile bool _draining;

    /// <summary>The host has started; set once.</summary>
    public bool HostStarted { get; set; }

    /// <summary>Readiness: true while this generation wants new clients.</summary>
    public bool Ready
    {
        get => _ready;
        set => _ready = value;
    }

    /// <summary>Responses whose headers are still to go out say <c>Connection: close</c>.</summary>
    public bool Draining
    {
        get => _draining;
        set => _draining = value;
    }

    /// <summary>Requests answered.</summary>
    public long Requests => Interlocked.Read(ref _requests);

    /// <summary>Requests answered with a 5xx status.</summary>
    public long Errors => Interlocked.Read(ref _errors);

    /// <summary>Connections that were told of the close.</summary>
    public int ClosedPolitely => _closedPolitely.Count;

    /// <summary>Counts a connection that was told of the close, once: HTTP/2 says so with each response.</summary>
    public void ToldOfClose(string connectionId) => _closedPolitely.TryAdd(connectionId, true);

    /// <summary>Counts a finished response.</summary>
    public void Answered(int statusCode)
    {
        Interlocked.Increment(ref _requests);
        if (statusCode >= 500)
        {
            Interlocked.Increment(ref _errors);
        }
    }
}
