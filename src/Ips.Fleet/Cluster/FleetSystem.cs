using Akka.Actor;
using Akka.Actor.Setup;
using Akka.Cluster.Tools.Singleton;
using Akka.Configuration;
using Ips.Fleet.Agents;
using Ips.Fleet.Security;
using Microsoft.Extensions.Logging;

namespace Ips.Fleet.Cluster;

/// <summary>An agent's actor system: a member of the cluster, with the agent at <c>/user/agent</c> and, on one node of the fleet, the
/// coordinator below <c>/user/coordinator</c>.</summary>
/// <remarks>The system ends when the agent leaves, when the others count it out, and when <see cref="Dispose"/> is called. It never ends
/// the process: the host waits for <see cref="Ended"/> and decides.</remarks>
internal sealed class FleetSystem : IDisposable
{
    /// <summary>Where the agent is, on every node but a witness.</summary>
    public const string AgentPath = "/user/agent";

    /// <summary>The coordinator's manager, and the coordinator's name below it.</summary>
    public const string ManagerPath = "/user/coordinator", SingletonName = "singleton";

    private readonly SeenMembers _seen;
    private volatile bool _isDisposed;

    private FleetSystem(ActorSystem system, SeenMembers seen, IActorRef coordinator, IActorRef? agent, FleetIdentity? identity)
    {
        (System, _seen, Coordinator, Agent, CertificateEnds) = (system, seen, coordinator, agent, identity?.NotAfter);
        Ended = WaitAsync(identity);
    }

    /// <summary>Akka's system.</summary>
    public ActorSystem System { get; }

    /// <summary>Reaches the coordinator wherever it is. Messages for which no coordinator is known are dropped: the sender asks
    /// again.</summary>
    public IActorRef Coordinator { get; }

    /// <summary>This node's agent; null on a witness.</summary>
    public IActorRef? Agent { get; }

    /// <summary>When the certificate ends; null without TLS. The host calls <see cref="LeaveAsync"/> then.</summary>
    public DateTimeOffset? CertificateEnds { get; }

    /// <summary>Where the other members of the cluster were, as far as they were seen.</summary>
    public IReadOnlyList<FleetAddress> Seen => _seen.All;

    /// <summary>Completes when the system has ended.</summary>
    public Task<FleetEnd> Ended { get; }

    /// <summary>Starts the system. It joins in the background, and tries until it succeeds.</summary>
    /// <param name="options">The agent's configuration.</param>
    /// <param name="loggers">Where it logs, Akka included.</param>
    /// <param name="time">The clock by which certificates are judged.</param>
    /// <param name="agent">Makes the agent's actor; the second argument reaches the coordinator.</param>
    /// <param name="coordinator">Makes the coordinator's actor.</param>
    /// <param name="overrides">Settings that count before all others; for tests.</param>
    /// <exception cref="FleetFileException">A certificate is missing or unfit.</exception>
    /// <exception cref="FleetStartException">The address cannot be listened on.</exception>
    public static FleetSystem Start(AgentOptions options, ILoggerFactory loggers, TimeProvider time,
        Func<ActorSystem, IActorRef, Props> agent, Func<ActorSystem, Props> coordinator, string? overrides = null)
    {
        var identity = options.Tls is { } files
            ? FleetCertificates.LoadIdentity(files, options.Name, options.Address, time.GetUtcNow()) : null;
        var log = new AkkaLogSetup(loggers.CreateLogger("Ips.Fleet"), time);
        var config = FleetConfiguration.Of(options);
        if (overrides is not null) config = ConfigurationFactory.ParseString(overrides).WithFallback(config);
        var setup = ActorSystemSetup.Create(BootstrapSetup.Create().WithConfig(config), log);
        if (identity is not null) setup = setup.And(FleetTls.Setup(identity, time, log.PeerRefused));
        ActorSystem system;
        try
        {
            system = ActorSystem.Create(FleetConfiguration.SystemName, setup);
        }
        catch (Exception e)
        {
            identity?.Dispose();
            throw new FleetStartException($"The agent cannot listen on {options.Address}: {e.GetBaseException().Message}. Is another agent "
                + "running there, and is ips.agent.address one of this machine?", e);
        }

        return Populate(system, options, identity, agent, coordinator);
    }

    /// <summary>Where another node's agent can be reached, by the address of its member.</summary>
    public static ActorPath AgentAt(Address member) => new RootActorPath(member) / "user" / "agent";

    /// <summary>Leaves the cluster in order, so that the coordinator moves at once, and ends the system.</summary>
    public async Task LeaveAsync()
    {
        await CoordinatedShutdown.Get(System).Run(CoordinatedShutdown.ClusterLeavingReason.Instance).ConfigureAwait(false);
        await Ended.ConfigureAwait(false);
    }

    /// <summary>Ends the system without a word to the others.</summary>
    public void Dispose()
    {
        _isDisposed = true;
        System.Terminate();
    }

    private static FleetSystem Populate(ActorSystem system, AgentOptions options, FleetIdentity? identity,
        Func<ActorSystem, IActorRef, Props> agent, Func<ActorSystem, Props> coordinator)
    {
        var seen = new SeenMembers();
        system.ActorOf(seen.Props(options.Address), "seen");
        var proxy = system.ActorOf(
            ClusterSingletonProxy.Props(ManagerPath, ClusterSingletonProxySettings.Create(system).WithRole(FleetRoles.Agent)),
            "coordinator-proxy");
        if (options.Witness) return new FleetSystem(system, seen, proxy, null, identity);
        var own = system.ActorOf(agent(system, proxy), "agent");
        system.ActorOf(
            ClusterSingletonManager.Props(coordinator(system), PoisonPill.Instance,
                ClusterSingletonManagerSettings.Create(system).WithRole(FleetRoles.Agent)),
            "coordinator");
        return new FleetSystem(system, seen, proxy, own, identity);
    }

    private async Task<FleetEnd> WaitAsync(FleetIdentity? identity)
    {
        await System.WhenTerminated.ConfigureAwait(false);
        identity?.Dispose(); // not before: each new connection needs it
        return CoordinatedShutdown.Get(System).ShutdownReason switch
        {
            // Akka gives "downed" as its reason whenever the cluster's actors end without having left.
            _ when _isDisposed => FleetEnd.Ended,
            CoordinatedShutdown.ClusterDowningReason => FleetEnd.CountedOut,
            CoordinatedShutdown.ClusterLeavingReason => FleetEnd.Left,
            _ => FleetEnd.Ended,
        };
    }
}

/// <summary>Why an agent's system ended.</summary>
internal enum FleetEnd
{
    /// <summary>It was ended here.</summary>
    Ended,

    /// <summary>It left the fleet in order.</summary>
    Left,

    /// <summary>It was on the losing side of a partition, or the others could not reach it: start another.</summary>
    CountedOut,
}

/// <summary>An agent cannot start.</summary>
internal sealed class FleetStartException(string message, Exception inner) : Exception(message, inner);
