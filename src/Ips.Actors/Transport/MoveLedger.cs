using System.Collections.Concurrent;
using Akka.Actor;
using Ips.Actors.Handover;

namespace Ips.Actors.Transport;

/// <summary>The account of a move under way; it outlives a restart of <see cref="MoverActor"/>, its only user.</summary>
[SupportedOSPlatform("linux")]
internal sealed class MoveLedger
{
    private readonly Dictionary<string, int> _staying = [];
    private readonly ConcurrentQueue<(HandoverConnection Connection, MoveResult Result)> _decisions = new();
    private int _readAsked;

    /// <summary>Chooses those of a canary; null while there is none, or all move.</summary>
    public CanaryMap? Canary { get; set; }

    /// <summary>The canary is gone; what was passed on before may still be told.</summary>
    public bool CanaryEnding { get; set; }

    /// <summary>Nothing more is told: when nothing of the canary is under way, all is as before it (<see cref="Reset"/>).</summary>
    public bool CanaryEnded { get; set; }

    /// <summary>What is to begin then; null for nothing.</summary>
    public MoverProtocol.Begin? Next { get; set; }

    /// <summary>Who takes the connections; null while nothing moves.</summary>
    public IActorRef? Carrier { get; set; }

    /// <summary>When the move began, as a time provider's timestamp.</summary>
    public long BeganAt { get; set; }

    /// <summary>The carrier leaves when nothing can follow it any more.</summary>
    public bool Finishing { get; set; }

    /// <summary>The carrier is about to leave, or gone: nothing more is asked to.</summary>
    public bool CarrierLeaving { get; set; }

    /// <summary>No connection comes from an older generation any more.</summary>
    public bool IntakeClosed { get; set; }

    /// <summary>The endpoints that the other generation takes; null means all.</summary>
    public IReadOnlySet<EndpointKey>? Endpoints { get; set; }

    /// <summary>What becomes of upgraded connections that are asked now.</summary>
    public UpgradePolicy Upgrades { get; set; }

    /// <summary>Connections that were asked to leave and have not answered.</summary>
    public Dictionary<HandoverConnection, bool> Asked { get; } =
        new(ReferenceEqualityComparer.Instance as IEqualityComparer<HandoverConnection>);

    /// <summary>Connections that could not leave for want of a descriptor: each takes one more on its way. They are asked again.</summary>
    public List<HandoverConnection> Waiting { get; } = [];

    /// <summary>Answers of the connections that were asked, by thousands at once: the actor reads them in one message.</summary>
    public IEnumerable<(HandoverConnection Connection, MoveResult Result)> TakeDecisions()
    {
        Interlocked.Exchange(ref _readAsked, 0); // first: what comes while it is read asks for another look
        while (_decisions.TryDequeue(out var decision))
        {
            yield return decision;
        }
    }

    /// <summary>Whether answers wait to be taken.</summary>
    public bool HasDecisions => !_decisions.IsEmpty;

    /// <summary>Adds an answer. From any thread.</summary>
    /// <returns>True if the actor is to be told: it has not been since it last looked.</returns>
    public bool Decided(HandoverConnection connection, MoveResult result)
    {
        _decisions.Enqueue((connection, result));
        return Interlocked.Exchange(ref _readAsked, 1) == 0;
    }

    /// <summary>Left Kestrel, not yet given to the carrier.</summary>
    public List<MovedConnection> Outgoing { get; } = [];

    /// <summary>Left Kestrel, whatever became of them.</summary>
    public int LiveMoved { get; set; }

    /// <summary>Left Kestrel, not yet arrived.</summary>
    public int OnTheWay { get; set; }

    /// <summary>Arrived at the other generation.</summary>
    public int Moved { get; set; }

    /// <summary>LifecycleActor knows that what could leave at once has left.</summary>
    public bool SettledReported { get; set; }

    /// <summary>Connections that cannot move, by reason.</summary>
    public IReadOnlyDictionary<string, int> Staying => _staying.ToDictionary();

    /// <summary>As before the first move.</summary>
    public void Reset()
    {
        (Canary, CanaryEnding, CanaryEnded, Next, Upgrades) = (null, false, false, null, UpgradePolicy.Keep);
        (Carrier, Endpoints, Finishing, CarrierLeaving, SettledReported, Moved, LiveMoved) =
            (null, null, false, false, false, 0, 0);
        Waiting.Clear();
        _staying.Clear();
    }

    /// <summary>Counts one that stays.</summary>
    public void Stay(UnmovableReason reason) => _staying[reason.ToString()] = _staying.GetValueOrDefault(reason.ToString()) + 1;
}
