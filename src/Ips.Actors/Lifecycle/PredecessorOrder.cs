using Ips.Actors.Handover;

namespace Ips.Actors.Lifecycle;

/// <summary>What <c>PredecessorActor</c> says to the predecessor, and sends back to it.</summary>
/// <remarks>What the decision does not know, <see cref="LifecycleActor"/> fills in before it sends the order: the init
/// properties.</remarks>
internal abstract record PredecessorOrder : LifecycleEffect
{
    /// <summary>Tell the predecessor that this generation can serve. <paramref name="Failing"/>: health checks that it is to
    /// judge.</summary>
    public sealed record SendReady(IReadOnlyDictionary<string, string>? Failing = null) : PredecessorOrder
    {
        /// <summary>Where this generation takes moved connections.</summary>
        public IReadOnlyList<EndpointOffer> Endpoints { get; init; } = [];

        /// <summary>Where this generation takes connections that nobody has read from.</summary>
        public IReadOnlyList<EndpointOffer> Accepts { get; init; } = [];

        /// <summary>What the app keeps of its clients in this process; null for nothing.</summary>
        public string? KeptState { get; init; }

        /// <summary>The URL that is to judge its probation; empty for none.</summary>
        public string HealthUrl { get; init; } = "";
    }

    /// <summary>Report health each interval until the promotion.</summary>
    public sealed record BeginHealthReports : PredecessorOrder;

    /// <summary>Acknowledge the promotion; health reports end.</summary>
    public sealed record AcknowledgePromotion : PredecessorOrder;

    /// <summary>Tell the predecessor to take the role back.</summary>
    public sealed record SendFailed(string Reason) : PredecessorOrder;

    /// <summary>Give the live connections back to the predecessor.</summary>
    public sealed record ReturnConnections : PredecessorOrder;
}
