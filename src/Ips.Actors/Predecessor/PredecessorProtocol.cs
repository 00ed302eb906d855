using Ips.Actors.Handover;

namespace Ips.Actors.Predecessor;

/// <summary>What <see cref="PredecessorActor"/> is asked; it answers LifecycleActor with lifecycle events.</summary>
internal static class PredecessorProtocol
{
    /// <summary>Say that this generation can serve, where it takes moved connections, the URL that is to judge its probation (empty for none), and which
    /// health checks fail that the predecessor is to judge.</summary>
    public sealed record SendReady(
        IReadOnlyList<EndpointOffer> Endpoints, string? HealthUrl = null, IReadOnlyDictionary<string, string>? Failing = null);

    /// <summary>Give the live connections back to the predecessor.</summary>
    public sealed record MoveConnections;

    /// <summary>Report health each interval until the promotion.</summary>
    public sealed record BeginHealthReports;

    /// <summary>Acknowledge the promotion.</summary>
    public sealed record AcknowledgePromotion;

    /// <summary>Give up: the predecessor takes the role back.</summary>
    public sealed record SendFailed(string Reason);
}
