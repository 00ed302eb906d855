using Akka.Actor;
using Ips.Actors.Handover;
using Ips.Actors.Listener;
using Ips.Actors.Posix;

namespace Ips.Actors.Reloader;

/// <summary>How far the ending of a successor has gone.</summary>
internal enum EndingStage
{
    /// <summary>It is not being ended.</summary>
    None,

    /// <summary><c>stop</c> was sent.</summary>
    Asked,

    /// <summary>SIGTERM was sent.</summary>
    Terminated,

    /// <summary>SIGKILL was sent.</summary>
    Killed,
}

/// <summary>The successor under way; it outlives a restart of <see cref="ReloaderActor"/>, its only user.</summary>
internal sealed class SuccessorSlot
{
    /// <summary>The generations before this one.</summary>
    public IOlderGenerations Older { get; init; } = OlderGenerations.None;

    /// <summary>Whether an operator has paused the service.</summary>
    public Func<bool> Paused { get; init; } = () => false;

    /// <summary>The operator's health check, if there is one.</summary>
    public IHealthUrl? HealthUrl { get; init; }

    /// <summary>A spawn that waits for room among the older generations, and for the listening sockets; null while none does.</summary>
    public ReloaderProtocol.Spawn? Preparing { get; set; }

    /// <summary>How often in a row the health URL has not answered well.</summary>
    public int HealthUrlFailures { get; set; }

    /// <summary>The process, or null while there is none.</summary>
    public ISpawnedGeneration? Process { get; set; }

    /// <summary>Duplicates of the listening sockets, until it has them.</summary>
    public IReadOnlyList<OfferedSocket> Sockets { get; private set; } = [];

    /// <summary>Its generation.</summary>
    public int Generation { get; set; }

    /// <summary>Its release, from <c>hello</c>.</summary>
    public string? Release { get; set; }

    /// <summary>Where it takes moved connections, from <c>ready</c>.</summary>
    public IReadOnlySet<EndpointKey> Endpoints { get; set; } = new HashSet<EndpointKey>();

    /// <summary>Carries connections to it.</summary>
    public ConnectionCourier? Courier { get; private set; }

    /// <summary>Waits for word of what is carried.</summary>
    public IActorRef? Mover { get; set; }

    /// <summary>It has said hello and was welcomed.</summary>
    public bool Welcomed { get; set; }

    /// <summary>It was told to accept; health reports are due.</summary>
    public bool Serving { get; set; }

    /// <summary>LifecycleActor knows that it serves.</summary>
    public bool ServesTold { get; set; }

    /// <summary>It was told that it is promoted; its word of that counts only then.</summary>
    public bool PromoteSent { get; set; }

    /// <summary>It has acknowledged its promotion: what happens to it is no failure of this reload any more.</summary>
    public bool Promoted { get; set; }

    /// <summary>LifecycleActor knows that it failed.</summary>
    public bool FailureReported { get; set; }

    /// <summary>Its exit status, once reaped.</summary>
    public ProcessExit? Exit { get; set; }

    /// <summary>The channel has ended.</summary>
    public bool ChannelClosed { get; set; }

    /// <summary>It is about to leave, and waits for word that nothing follows.</summary>
    public bool Leaving { get; set; }

    /// <summary>Nothing more is given to it.</summary>
    public bool CarryEnded { get; set; }

    /// <summary>Packets of connections that it gave back.</summary>
    public int ConnectionPackets { get; set; }

    /// <summary>How the channel ended, if not by a close.</summary>
    public string? ChannelError { get; set; }

    /// <summary>LifecycleActor was told that it is gone; told twice, the second would count for the next successor. Outlives <see cref="Clear"/>.</summary>
    public bool GoneTold { get; set; }

    /// <summary>How far its ending has gone.</summary>
    public EndingStage Ending { get; set; }

    /// <summary>Starts anew with a process.</summary>
    /// <param name="process">The process.</param>
    /// <param name="generation">Its generation.</param>
    /// <param name="sockets">What it is to be welcomed with; owned from here on.</param>
    public void Begin(ISpawnedGeneration process, int generation, IReadOnlyList<OfferedSocket> sockets)
    {
        Clear();
        (Process, Generation, Sockets) = (process, generation, sockets);
        Courier = new ConnectionCourier(process.Channel);
    }

    /// <summary>Forgets the process.</summary>
    public void Clear()
    {
        Process?.Dispose();
        CloseSockets();
        (Courier, Mover, Endpoints) = (null, null, new HashSet<EndpointKey>());
        (Process, Generation, Release, Welcomed, Serving, ServesTold, PromoteSent, Promoted) = (null, 0, null, false, false, false, false, false);
        (Preparing, HealthUrlFailures) = (null, 0);
        (FailureReported, Exit, ChannelClosed, ChannelError, Ending) = (false, null, false, null, EndingStage.None);
        (Leaving, CarryEnded, ConnectionPackets) = (false, false, 0);
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
