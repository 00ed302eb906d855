namespace Ips.Actors.HttpFront;

/// <summary>What <see cref="HttpFrontActor"/> is asked and answers.</summary>
internal static class HttpFrontProtocol
{
    /// <summary>The host has started: every hosted service runs and Kestrel is bound.</summary>
    public sealed record HostStarted;

    /// <summary>Fail readiness from now on.</summary>
    public sealed record FailReadiness;

    /// <summary>Fail readiness until it is told otherwise, whatever the state; or no longer. Reply: <see cref="Lifecycle.LifecycleProtocol.PauseReply"/>.</summary>
    public sealed record SetPaused(bool Paused);

    /// <summary>Tell the app that it serves.</summary>
    public sealed record AnnounceServing;

    /// <summary>Tell the app that it is primary.</summary>
    public sealed record TakeRole;

    /// <summary>Tell the app that it is not primary any more; LifecycleActor hears when its handlers have ended.</summary>
    public sealed record YieldRole;

    /// <summary>Close politely; LifecycleActor hears when no connection is left. <paramref name="Moving"/>: connections that can leave for
    /// the other generation are not told to close. <paramref name="Relays"/>: and those that are still busy in an older generation pass through here.</summary>
    public sealed record BeginDrain(bool Moving = false, bool Relays = false);

    /// <summary>End what is left at once; LifecycleActor hears how many requests that cut.</summary>
    public sealed record AbortConnections;

    /// <summary>Check the app's health. Reply: <see cref="Health"/>.</summary>
    public sealed record GetHealth;

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
    }

    /// <summary>What is open now.</summary>
    public sealed record Load(int OpenConnections, int RunningRequests);
}
