using Akka.Actor;
using Ips.Actors.Handover;
using Ips.Actors.HttpFront;
using Ips.Actors.Lifecycle;
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

    /// <summary>What the app tells a successor.</summary>
    public Func<IReadOnlyDictionary<string, string>> Facts { get; init; } = () => new Dictionary<string, string>();

    /// <summary>The health of this generation now: a check that fails here as well does not count against the successor.</summary>
    public Func<Task<ProbeResult>> OwnHealth { get; init; } = () => Task.FromResult(ProbeResult.Healthy);

    /// <summary>What the operator allows this reload.</summary>
    public ReloadTerms Terms { get; set; } = ReloadTerms.None;

    /// <summary>The failing checks that it got ready with, until they are judged; null while there are none.</summary>
    public IReadOnlyDictionary<string, string>? FailingAtReady { get; set; }

    /// <summary>It was logged that failing checks do not count: it is logged once.</summary>
    public bool ExcuseLogged { get; set; }

    /// <summary>Why the health URL failed while this generation answered it: then it says nothing of the successor. Null if it did
    /// not.</summary>
    public string? HealthUrlFaultHere { get; set; }

    /// <summary>The operator's health check as this generation was configured, if there is one.</summary>
    public IHealthUrl? HealthUrl { get; init; }

    /// <summary>Makes the health check of another URL.</summary>
    public Func<Uri, IHealthUrl>? MakeHealthUrl { get; init; }

    /// <summary>The health check as the successor is configured, from <c>ready</c>: what has changed counts at once. Null if it has not
    /// told.</summary>
    public (string Text, IHealthUrl? Url)? ToldHealthUrl { get; set; }

    /// <summary>The health check that judges the successor; null for none.</summary>
    public IHealthUrl? JudgingUrl => ToldHealthUrl is { } told ? told.Url : HealthUrl;

    /// <summary>A spawn that waits for room among the older generations, and for the listening sockets; null while none does.</summary>
    public ReloaderOrder.SpawnSuccessor? Preparing { get; set; }

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

    /// <summary>Where it takes moved connections, from <c>ready</c>; null before it has said so.</summary>
    public IReadOnlySet<EndpointKey>? Endpoints { get; set; }

    /// <summary>Carries connections to it.</summary>
    public ConnectionCourier? Courier { get; private set; }

    /// <summary>Waits for word of what is carried.</summary>
    public IActorRef? Mover { get; set; }

    /// <summary>How far the handover has come. Once it is <see cref="HandoverPhase.Promoted"/>, what happens to the successor is no failure of this reload
    /// any more.</summary>
    public HandoverPhase Phase { get; private set; }

    /// <summary>The version of the protocol that both speak, once it was welcomed.</summary>
    public int Version { get; set; }

    /// <summary>It was told to accept, and is not promoted: health reports are due.</summary>
    public bool OnProbation => Phase is HandoverPhase.Serving or HandoverPhase.Promoting;

    /// <summary>It drains, as it was told or has said: it may give its connections back.</summary>
    public bool Drains => Ending != EndingStage.None || SaidFailed;

    /// <summary>It has said <c>failed</c>.</summary>
    public bool SaidFailed { get; set; }

    /// <summary>A fault of its protocol was logged: it is logged once.</summary>
    public bool FaultLogged { get; set; }

    /// <summary>LifecycleActor knows that it serves.</summary>
    public bool ServesTold { get; set; }

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

    /// <summary>The handover has come so far, unless it has come farther already.</summary>
    public void Reach(HandoverPhase phase) => Phase = phase > Phase ? phase : Phase;

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
        (Courier, Mover, Endpoints, ToldHealthUrl) = (null, null, null, null);
        (Process, Generation, Release, Version, Phase, ServesTold) = (null, 0, null, 0, HandoverPhase.Open, false);
        (Preparing, HealthUrlFailures, SaidFailed, FaultLogged) = (null, 0, false, false);
        (FailureReported, Exit, ChannelClosed, ChannelError, Ending) = (false, null, false, null, EndingStage.None);
        (Leaving, CarryEnded, ConnectionPackets, Terms) = (false, false, 0, ReloadTerms.None);
        (FailingAtReady, ExcuseLogged, HealthUrlFaultHere) = (null, false, null);
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
