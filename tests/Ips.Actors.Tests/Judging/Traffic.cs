namespace Ips.Actors.Tests.Judging;

/// <summary>A service under load while it reloads, for <see cref="CanarySimulation"/>.</summary>
/// <param name="Rate">Requests a second.</param>
/// <param name="Connections">Connections of clients; most requests come by a tenth of them.</param>
internal sealed record Traffic(double Rate, int Connections)
{
    /// <summary>Time on probation.</summary>
    public double Seconds { get; init; } = 5;

    /// <summary>Where the first step begins and where the second, with their shares of the connections.</summary>
    public (double At, double Share)[] Steps { get; init; } = [(0, .1), (1, .5)];

    /// <summary>Time that the connections of a step take to move.</summary>
    public double MoveSeconds { get; init; } = .3;

    // The noise, the same for both generations unless it says otherwise.

    /// <summary>Share of requests that fail.</summary>
    public double Errors { get; init; } = .001;

    /// <summary>Share of connections of which every second request fails.</summary>
    public double PoisonClients { get; init; }

    /// <summary>How long a backend that both use fails for a third of the requests.</summary>
    public double OutageSeconds { get; init; }

    /// <summary>How long a backend that both use answers nothing.</summary>
    public double StallSeconds { get; init; }

    /// <summary>How much the latency of a generation wanders by itself, as a standard deviation of its logarithm.</summary>
    public double Wander { get; init; } = .08;

    /// <summary>Garbage collections, as a multiple of the usual.</summary>
    public double Collections { get; init; } = 1;

    /// <summary>By how much the successor is slower at first.</summary>
    public double Cold { get; init; } = 2;

    /// <summary>How fast that passes, in seconds.</summary>
    public double ColdSeconds { get; init; } = .5;

    /// <summary>How much the clients differ in latency, as a standard deviation of its logarithm.</summary>
    public double ClientSpread { get; init; } = .2;

    // The fault, of the successor alone.

    /// <summary>Share of its requests that fail.</summary>
    public double NewErrors { get; init; }

    /// <summary>How many times as long its requests take.</summary>
    public double Slower { get; init; } = 1;

    /// <summary>Share of its requests that are never answered.</summary>
    public double Hangs { get; init; }

    /// <summary>The only route with the fault, of twenty: 0 has a quarter of the requests, 19 a hundredth; null for all.</summary>
    public int? FaultyRoute { get; init; }
}
