using System.Collections.Concurrent;
using Ips.Actors.Lifecycle;
using Ips.Actors.Transport;

namespace Ips.Actors.HttpFront;

/// <summary>What the request path must know of the lifecycle, and the requests that it has answered. Written by
/// <see cref="HttpFrontActor"/>, read on every request; it outlives a restart of the actor.</summary>
#pragma warning disable CA1001 // the token source lives as long as the process: it has no timer and nothing to dispose of
internal sealed class FrontState
#pragma warning restore CA1001
{
    private readonly ConcurrentDictionary<string, string> _closedPolitely = new();
    private int _openAtDrain;
    private long _requestsAtDrain;
    private long _requests;
    private long _errors;
    private volatile bool _ready;
    private volatile bool _paused;
    private bool _becameReady;
    private volatile bool _draining;
    private readonly CancellationTokenSource _leaving = new();

    /// <summary>Stops taking connections from an older generation; completes once no more can arrive. By default none ever does.
    /// Given true, connections that are busy there may arrive first.</summary>
    public Func<bool, Task> CloseIntake { get; set; } = _ => Task.CompletedTask;

    /// <summary>Whether this generation accepts connections. If not, a new connection of a client meets another generation.</summary>
    public Func<bool> Accepts { get; set; } = () => true;

    /// <summary>How long requests take; null where nobody can ask.</summary>
    public RequestLatency? Latency { get; set; }

    /// <summary>Measures requests for the judge of a reload; null where there is none.</summary>
    public WindowMeter? Windows { get; set; }

    /// <summary>The newest reload that was more than a check; null before the first.</summary>
    public Func<ReloadReceipt?> LastReload { get; set; } = () => null;

    /// <summary>Accepts at the endpoints that are the main process's alone, or stops that; returns when it is so.</summary>
    public Action<bool> AcceptAsMain { get; set; } = _ => { };

    /// <summary>How far the move of connections to another generation has come.</summary>
    public MoveProgress Move { get; } = new();

    /// <summary>The host has started; set once.</summary>
    public bool HostStarted { get; set; }

    /// <summary>The span that the warm-up is part of; the default for none.</summary>
    public System.Diagnostics.ActivityContext Trace { get; set; }

    /// <summary>What a successor waits for before it says that it is ready. Null if there is no predecessor that would serve in its place:
    /// then nothing keeps this generation from serving.</summary>
    public ReadinessTerms? Terms { get; set; }

    /// <summary>An operator has asked load balancers to look away; accepting goes on. Handed to the next generation, not kept over a crash
    /// or a stop.</summary>
    public bool Paused
    {
        get => _paused;
        set => _paused = value;
    }

    /// <summary>Readiness: true while this generation wants new clients.</summary>
    public bool Ready
    {
        get => _ready && !_paused;
        set => _ready = value;
    }

    /// <summary>The app can serve. Once: a check that is made again after a restart must not undo what came meanwhile.</summary>
    public void BecomeReady()
    {
        if (!_becameReady)
        {
            _becameReady = true;
            Ready = true;
        }
    }

    /// <summary>The service ends with this generation: nobody takes its connections. Set before <see cref="Draining"/>.</summary>
    public bool Ending { get; set; }

    /// <summary>Clients that are to be told that this generation leaves, each in its own way, and are still there: WebSockets, and those of
    /// SignalR.</summary>
    public Tally Guests { get; } = new();

    /// <summary>Responses whose headers are still to go out say <c>Connection: close</c>.</summary>
    public bool Draining
    {
        get => _draining;
        set
        {
            _draining = value;
            if (value) _leaving.CancelAsync();
        }
    }

    /// <summary>Cancelled when <see cref="Draining"/> begins, just after it.</summary>
    public CancellationToken Leaving => _leaving.Token;

    /// <summary>Requests answered.</summary>
    public long Requests => Interlocked.Read(ref _requests);

    /// <summary>Requests answered with a 5xx status that nothing excuses.</summary>
    public long Errors => Interlocked.Read(ref _errors);

    /// <summary>Connections that were told of the close.</summary>
    public int ClosedPolitely => _closedPolitely.Count;

    /// <summary>Counts a connection that was told of the close, once: HTTP/2 says so with each response.</summary>
    /// <param name="connectionId">Which.</param>
    /// <param name="reason">Why it does not move.</param>
    public void ToldOfClose(string connectionId, string reason) => _closedPolitely.TryAdd(connectionId, reason);

    /// <summary>The drain begins with so many connections.</summary>
    public void BeginCount(int open) => (_openAtDrain, _requestsAtDrain) = (open, Requests);

    /// <summary>How the drain ended.</summary>
    /// <param name="cut">Requests that were cut.</param>
    /// <param name="left">Connections that were still open then.</param>
    /// <param name="idle">How many of them without a request.</param>
    public DrainCounts CountDrain(int cut, int left, int idle) =>
        new(Math.Max(0, _openAtDrain - left - Move.Moved), Requests - _requestsAtDrain, ClosedPolitely, cut, idle, Move.Moved)
        {
            ClosedPolitelyBy = _closedPolitely.IsEmpty ? null : _closedPolitely.Values.CountBy(reason => reason).ToDictionary(),
        };

    /// <summary>Counts a finished response.</summary>
    /// <param name="statusCode">Its status.</param>
    /// <param name="excused">A health check speaks for its failure.</param>
    public void Answered(int statusCode, bool excused = false)
    {
        Interlocked.Increment(ref _requests);
        if (statusCode >= 500 && !excused)
        {
            Interlocked.Increment(ref _errors);
        }
    }
}
