using Ips.Fleet.Security;

namespace Ips.Fleet.Cluster;

/// <summary>An agent's configuration, <c>ips.agent</c> in its file; every path is absolute.</summary>
/// <param name="Name">The node's name.</param>
/// <param name="Address">What other agents dial; also where it listens.</param>
/// <param name="Seeds">Agents that it asks to join; its own address may be among them.</param>
/// <param name="State">The folder of its records.</param>
/// <param name="Socket">The Unix socket for operators.</param>
internal sealed record AgentOptions(string Name, FleetAddress Address, IReadOnlyList<FleetAddress> Seeds, string State, string Socket)
{
    /// <summary>The certificates; null only where every address is loopback.</summary>
    public TlsFiles? Tls { get; init; }

    /// <summary>The services of this node.</summary>
    public IReadOnlyList<FleetService> Fleets { get; init; } = [];

    /// <summary>It takes part in the vote only, and has no services.</summary>
    public bool Witness { get; init; }

    /// <summary>How long an agent that cannot be reached may stay so before it is counted out, once the view of the others is
    /// stable.</summary>
    public TimeSpan DownAfter { get; init; } = DefaultDownAfter;

    /// <summary>How many agents a part of the fleet needs to continue after a partition; null for more than half of those that were
    /// there.</summary>
    public int? Quorum { get; init; }

    /// <summary>Default of <see cref="DownAfter"/>.</summary>
    public static TimeSpan DefaultDownAfter { get; } = TimeSpan.FromSeconds(5);
}

/// <summary>A service of this node that belongs to a fleet.</summary>
/// <param name="Fleet">The fleet.</param>
/// <param name="PidFile">The service's PID file, by which its control socket is found.</param>
internal sealed record FleetService(string Fleet, string PidFile)
{
    /// <summary>The folder with its releases, as <c>ips deploy --into</c>; null for a service without.</summary>
    public string? Into { get; init; }
}
