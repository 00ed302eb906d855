using Akka.Actor;
using Ips.Actors.Listener;

namespace Ips.Actors.Transport;

/// <summary>The account of a move under way; it outlives a restart of <see cref="MoverActor"/>, its only user.</summary>
internal sealed class MoveLedger
{
    private readonly Dictionary<string, int> _staying = [];

    /// <summary>Who takes the connections; null while nothing moves.</summary>
    public IActorRef? Carrier { get; set; }

    /// <summary>The carrier leaves when nothing can follow it any more.</summary>
    public bool Finishing { get; set; }

    /// <summary>The carrier is about to leave: nothing more is asked to.</summary>
    public bool CarrierLeaving { get; set; }

    /// <summary>No connection comes from an older generation any more.</summary>
    public bool IntakeClosed { get; set; }

    /// <summary>The endpoints that the other generation takes; null means all.</summary>
    public IReadOnlySet<EndpointKey>? Endpoints { get; set; }

    /// <summary>Connections that were asked to leave and have not answered.</summary>
    public Dictionary<HandoverConnection, bool> Asked { get; } = new(ReferenceEqualityComparer.Instance as IEqualityComparer<HandoverConnection>);

    /// <summary>Connections that could not leave for want of a descriptor: each takes one more on its way. They are asked again.</summary>
    public List<HandoverConnection> Waiting { get; } = [];

    /// <summary>Left Kestrel, not yet given to the carrier.</summary>
    public List<MovedConnection> Outgoing { get; } = [];

    /// <summary>Given to the carrier, not yet arrived.</summary>
    public int OnTheWay { get; set; }

    /// <summary>Arrived at the other generation.</summary>
    public int Moved { get; set; }

    /// <summary>Closed because nobody took them.</summary>
    public int Lost { get; set; }

    /// <summary>LifecycleActor knows that what could leave at once has left.</summary>
    public bool SettledReported { get; set; }

    /// <summary>Connections that cannot move, by reason.</summary>
    public IReadOnlyDictionary<string, int> Staying => _staying.ToDictionary();

    /// <summary>Counts one that stays.</summary>
    public void Stay(UnmovableReason reason) => _staying[reason.ToString()] = _staying.GetValueOrDefault(reason.ToString()) + 1;
}
