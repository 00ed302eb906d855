using Ips.Actors.Handover;

namespace Ips.Actors.Predecessor;

/// <summary>What <see cref="PredecessorActor"/> is asked; it answers LifecycleActor with lifecycle events.</summary>
internal static class PredecessorProtocol
{
    /// <summary>Say that this generation can serve, and where it takes moved connections.</summary>
    public sealed record SendReady(IReadOnlyList<EndpointOffer> Endpoints);

    /// <summary>Give the live connections back to the predecessor.</summary>
    public sealed record MoveConnections;

    /// <summary>Report health each interval until the promotion.</summary>
    public sealed record BeginHealthReports;

    /// <summary>Acknowledge the promotion.</summary>
    public sealed record AcknowledgePromotion;

    /// <summary>Give up: the predecessor takes the role back.</summary>
    public sealed record SendFailed(string Reason);
}
