using Ips.Actors.Handover;
using Ips.Actors.Judging;
using Ips.Actors.Lifecycle;
using Ips.Actors.Output;
using Ips.Actors.Posix;

namespace Ips.Actors.Predecessor;

/// <summary>The link to the predecessor after <c>welcome</c>; it outlives a restart of <see cref="PredecessorActor"/>, its only
/// user.</summary>
/// <param name="Channel">The channel, or null in a first generation.</param>
/// <param name="HealthInterval">Time between two health reports.</param>
[SupportedOSPlatform("linux")]
internal sealed record PredecessorLink(IHandoverChannel? Channel, TimeSpan HealthInterval)
{
    /// <summary>Measures the service; null where nobody asked for it.</summary>
    public ServiceMeter? Meter { get; init; }

    /// <summary>Measures this generation for a predecessor that asks; null where nothing can.</summary>
    public IWindowMeter? Windows { get; init; }

    /// <summary>What the predecessor asks for of windows; null if it does not.</summary>
    public WindowTerms? WindowTerms { get; set; }

    /// <summary>Stdout and stderr, while they are pipes to the predecessor.</summary>
    public InheritedOutput? Output { get; init; }

    /// <summary>The version of the protocol that both speak.</summary>
    public int Version { get; init; } = HandoverVersion.Max;

    /// <summary>Whether this generation's app takes tunnels.</summary>
    public bool TakesTunnels { get; init; }

    /// <summary>Whether the predecessor takes tunnels back.</summary>
    public bool PredecessorTakesTunnels { get; init; }

    /// <summary>How many descriptors this process may have open.</summary>
    public Func<long> DescriptorLimit { get; init; } = () => OpenFiles.Limit().Soft;

    /// <summary>How far the handover has come.</summary>
    public HandoverPhase Phase { get; private set; } = HandoverPhase.Welcomed;

    /// <summary>It serves as a canary: connections come before its promotion.</summary>
    public bool Canary { get; set; }

    /// <summary>This generation gives up, or was told to stop.</summary>
    public bool Ending => Returning || SaidGoodbye;

    /// <summary>This generation has asked for no more connections.</summary>
    public bool Leaving => _finishing || _leaving;

    /// <summary>This generation has said that it is promoted.</summary>
    public bool Acknowledged { get; set; }

    /// <summary>A fault of the predecessor's protocol was logged: it is logged once.</summary>
    public bool FaultLogged { get; set; }

    /// <summary>Carries connections back on a rollback.</summary>
    public ConnectionCourier? Courier { get; } = Channel is null ? null : new ConnectionCourier(Channel);

    private readonly TaskCompletionSource _intakeClosed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _finishing;
    private bool _leaving;

    /// <summary>Connections that came from the predecessor.</summary>
    public int Adopted { get; set; }

    /// <summary>Packets of connections that came.</summary>
    public int ConnectionPackets { get; set; }

    /// <summary>Packets of connections that are being adopted.</summary>
    public int Adopting { get; set; }

    /// <summary>The predecessor has said that no connection follows.</summary>
    public bool Left { get; set; }

    /// <summary>Connections were asked to go back: MoverActor waits for word of them.</summary>
    public bool Carrying { get; set; }

    /// <summary>What the predecessor's drain waits for; null if it does not drain, or does not say. Read by other threads.</summary>
    public DrainingFrame? Draining { get; set; }

    /// <summary>The channel has ended.</summary>
    public bool Ended { get; set; }

    /// <summary>Reports are due.</summary>
    public bool Reporting { get; set; }

    /// <summary>The predecessor takes the role back: it is to live longer than this generation.</summary>
    public bool Returning { get; set; }

    /// <summary>Whether its process has ended, asked when the channel has. One that has given this generation up closes the channel and
    /// lives. By default nobody knows: false.</summary>
    public Func<Task<bool>> HasDied { get; init; } = () => Task.FromResult(false);

    /// <summary>The predecessor said farewell, or a stop by which both end: its end is no surprise.</summary>
    public bool SaidGoodbye { get; set; }

    /// <summary>The handover has come so far, unless it has come farther already.</summary>
    public void Reach(HandoverPhase phase) => Phase = phase > Phase ? phase : Phase;

    /// <summary>Asks the predecessor to send no connection any more. Asked again, only for more haste.</summary>
    /// <param name="finish">Connections that are busy there may follow first.</param>
    /// <returns>Completes when whatever it sent has been adopted and nothing follows: it said so, or the channel has ended.</returns>
    public Task CloseIntakeAsync(bool finish)
    {
        if (Channel is null)
        {
            return Task.CompletedTask;
        }

        if (!_leaving && !(finish && _finishing))
        {
            (_finishing, _leaving) = (true, !finish);
            Channel.TrySend(new LeavingFrame(finish ? true : null)); // if the channel has ended, its end completes this as well
        }

        return _intakeClosed.Task;
    }

    /// <summary>Completes <see cref="CloseIntakeAsync"/> if nothing can come any more.</summary>
    public void EndIntakeIfDone()
    {
        if ((Left || Ended) && Adopting == 0) // what it acknowledged is adopted behind that, and its sender may be gone by then
        {
            _intakeClosed.TrySetResult();
        }
    }
}
