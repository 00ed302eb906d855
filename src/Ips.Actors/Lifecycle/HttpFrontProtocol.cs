using Ips.Actors.Handover;

namespace Ips.Actors.Lifecycle;

/// <summary>What <c>HttpFrontActor</c> is asked and answers.</summary>
internal static class HttpFrontProtocol
{
    /// <summary>The host has started: every hosted service runs and Kestrel is bound.</summary>
    public sealed record HostStarted;

    /// <summary>The predecessor is gone: there is nobody to fall back to.</summary>
    public sealed record PredecessorLost;

    /// <summary>Fail readiness until it is told otherwise, whatever the state; or no longer. Reply:
    /// <see cref="Lifecycle.LifecycleProtocol.PauseReply"/>.</summary>
    public sealed record SetPaused(bool Paused);

    /// <summary>Check the app's health; a check that has not answered by <paramref name="Limit"/> fails. Reply:
    /// <see cref="Health"/>.</summary>
    public sealed record GetHealth(TimeSpan Limit);

    /// <summary>Count connections and requests. Reply: <see cref="Load"/>.</summary>
    public sealed record GetLoad;

    /// <summary>The app's health now.</summary>
    /// <param name="Ok">Every health check passes.</param>
    /// <param name="Reason">Which do not.</param>
    /// <param name="Requests">Requests answered since this generation serves.</param>
    /// <param name="Errors">How many of them with a 5xx status.</param>
    public sealed record Health(bool Ok, string? Reason, long Requests, long Errors)
    {
        /// <summary>The same by name, for a predecessor that judges; null if there are none, or something else than a check
        /// fails.</summary>
        public IReadOnlyDictionary<string, string>? Failing { get; init; }

        /// <summary>What this generation is doing.</summary>
        public LoadReport? Load { get; init; }
    }

    /// <summary>What is open now.</summary>
    /// <param name="OpenConnections">Connections.</param>
    /// <param name="RunningRequests">Requests.</param>
    /// <param name="Requests">Requests answered so far.</param>
    /// <param name="Errors">How many of them with a 5xx status.</param>
    public sealed record Load(int OpenConnections, int RunningRequests, long Requests = 0, long Errors = 0)
    {
        /// <summary>The connections of a generation that leaves, by kind; else null.</summary>
        public IReadOnlyList<WaitingConnections>? Waiting { get; init; }
    }
}
