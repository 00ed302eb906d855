using Ips.Actors.Handover;
using Ips.Actors.Lifecycle;
using Ips.Actors.Posix;

namespace Ips.Actors.Reloader;

/// <summary>The successor under way, and what is held for it; it outlives a restart of <see cref="ReloaderActor"/>, its user.</summary>
[SupportedOSPlatform("linux")]
internal sealed class SuccessorSlot
{
    /// <summary>The generations before this one.</summary>
    public IOlderGenerations Older { get; init; } = OlderGenerations.None;

    /// <summary>Measures the service; null where nobody asked for it.</summary>
    public ServiceMeter? Meter { get; init; }

    /// <summary>The newest health report of the successor; null before the first. Read by other threads.</summary>
    public HealthFrame? Report { get; set; }

    /// <summary>Compares the successor with this generation; null where nothing measures.</summary>
    public SuccessorJudge? Judge { get; set; }

    /// <summary>Whether an operator has paused the service.</summary>
    public Func<bool> Paused { get; init; } = () => false;

    /// <summary>What the app tells a successor.</summary>
    public Func<IReadOnlyDictionary<string, string>> Facts { get; init; } = () => new Dictionary<string, string>();

    /// <summary>The health of this generation now: a check that fails here as well does not count against the successor. It answers within
    /// some seconds, and does not throw.</summary>
    public Func<Task<ProbeResult>> OwnHealth { get; init; } = () => Task.FromResult(ProbeResult.Healthy);

    /// <summary>The operator's health check as this generation was configured, if there is one.</summary>
    public IHealthUrl? HealthUrl { get; init; }

    /// <summary>Makes the health check of another URL.</summary>
    public Func<Uri, IHealthUrl>? MakeHealthUrl { get; init; }

    /// <summary>This generation's own health just before the sockets were offered.</summary>
    public ProbeResult HealthAtOffer { get; set; } = ProbeResult.Healthy;

    /// <summary>The files that a process and this one write over each other in.</summary>
    public Func<int, IReadOnlyList<string>> SharedFiles { get; init; } = _ => [];

    /// <summary>Where the successor stands.</summary>
    public SuccessorState State { get; set; } = new SuccessorState.None();

    /// <summary>Decided, not yet performed.</summary>
    public Queue<SuccessorEffect> Pending { get; } = new();

    /// <summary>The process, or null while there is none.</summary>
    public ISpawnedGeneration? Process { get; private set; }

    /// <summary>Its generation.</summary>
    public int Generation { get; private set; }

    /// <summary>Duplicates of the listening sockets, until it has them.</summary>
    public IReadOnlyList<OfferedSocket> Sockets { get; private set; } = [];

    /// <summary>Carries connections to it.</summary>
    public ConnectionCourier? Courier { get; private set; }

    /// <summary>Where it takes moved connections.</summary>
    public IReadOnlySet<EndpointKey> Endpoints { get; set; } = new HashSet<EndpointKey>();

    /// <summary>Where it takes connections that nobody has read from.</summary>
    public IReadOnlySet<EndpointKey> Accepts { get; set; } = new HashSet<EndpointKey>();

    /// <summary>Whether it takes tunnels.</summary>
    public bool SuccessorTakesTunnels { get; set; }

    /// <summary>Whether this generation's app takes tunnels.</summary>
    public bool TakesTunnels { get; init; }

    /// <summary>The health check that judges it; null for none.</summary>
    public IHealthUrl? JudgingUrl { get; set; }

    /// <summary>Packets of connections that it gave back.</summary>
    public int ConnectionPackets { get; set; }

    /// <summary>Events that were logged of it, of those that are logged once.</summary>
    public HashSet<int> Logged { get; } = [];

    /// <summary>Keeps sockets for the process that is about to be started; owned from here on.</summary>
    public void Hold(IReadOnlyList<OfferedSocket> sockets)
    {
        CloseSockets();
        Sockets = sockets;
    }

    /// <summary>Takes a process as the successor.</summary>
    public void Begin(ISpawnedGeneration process, int generation)
    {
        (Process, Generation, JudgingUrl) = (process, generation, HealthUrl);
        Courier = new ConnectionCourier(process.Channel);
    }

    /// <summary>Forgets the process.</summary>
    public void Forget()
    {
        Process?.Dispose();
        CloseSockets();
        (Process, Courier, JudgingUrl, ConnectionPackets) = (null, null, null, 0);
        (Endpoints, Accepts) = (new HashSet<EndpointKey>(), new HashSet<EndpointKey>());
        Logged.Clear();
    }

    /// <summary>It has the listening sockets, or never will.</summary>
    public void CloseSockets()
    {
        Close(Sockets);
        Sockets = [];
    }

    /// <summary>Closes the descriptors of sockets that nobody gets.</summary>
    public static void Close(IReadOnlyList<OfferedSocket> sockets)
    {
        foreach (var socket in sockets)
        {
            FileDescriptors.Close(socket.Fd);
        }
    }
}
