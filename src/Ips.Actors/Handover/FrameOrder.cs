namespace Ips.Actors.Handover;

/// <summary>How far a handover has come, on either side of its channel.</summary>
internal enum HandoverPhase
{
    /// <summary>The channel is open; the successor has not said <c>hello</c>, or was not answered.</summary>
    Open,

    /// <summary>The successor was welcomed.</summary>
    Welcomed,

    /// <summary>The successor has said that it is ready. Only it knows this phase: its predecessor answers at once.</summary>
    Ready,

    /// <summary>The successor was told to serve.</summary>
    Serving,

    /// <summary>The successor was told that it is the main process.</summary>
    Promoting,

    /// <summary>The successor has said that it is the main process.</summary>
    Promoted,
}

/// <summary>Which frames the protocol has at which time. Pure.</summary>
/// <remarks>A peer may say a thing again: an actor that restarted asks anew what may have been lost. What comes at another time is a fault of the peer, and is
/// not acted on.</remarks>
internal static class FrameOrder
{
    /// <summary>Whether a successor may say this now.</summary>
    /// <param name="frame">What it says.</param>
    /// <param name="phase">How far the handover has come, as its predecessor knows.</param>
    /// <param name="ending">It has said <c>failed</c>, or was told to stop: it drains, and gives back its connections if it served.</param>
    public static bool AllowsFromSuccessor(HandoverFrame frame, HandoverPhase phase, bool ending) => frame switch
    {
        HelloFrame => phase == HandoverPhase.Open,
        FailedFrame => phase < HandoverPhase.Promoted,
        ReadyFrame => phase >= HandoverPhase.Welcomed,
        HealthFrame => phase >= HandoverPhase.Serving,
        PromotedFrame => phase >= HandoverPhase.Promoting,
        AdoptedFrame or DeclinedFrame => phase == HandoverPhase.Promoted,
        LeavingFrame => phase == HandoverPhase.Promoted || (ending && phase >= HandoverPhase.Serving),
        ConnectionsFrame => ending && phase >= HandoverPhase.Serving,
        _ => false,
    };

    /// <summary>Whether a predecessor may say this now.</summary>
    /// <param name="frame">What it says.</param>
    /// <param name="phase">How far the handover has come, as its successor knows: <see cref="HandoverPhase.Promoting"/> is never seen there.</param>
    /// <param name="version">The version that both speak.</param>
    /// <param name="ending">This generation gives up, or was told to stop.</param>
    /// <param name="leaving">This generation has asked the predecessor to send no more.</param>
    public static bool AllowsFromPredecessor(HandoverFrame frame, HandoverPhase phase, int version, bool ending, bool leaving) => frame switch
    {
        StopFrame => phase >= HandoverPhase.Welcomed,
        ServeFrame => phase >= HandoverPhase.Ready,
        HistoryFrame => phase >= HandoverPhase.Serving,
        IdentityFrame => version >= HandoverVersion.LateIdentity && phase == HandoverPhase.Serving,
        PromoteFrame => phase >= HandoverPhase.Serving,
        ConnectionsFrame => phase == HandoverPhase.Promoted,
        LeftFrame => leaving,
        AdoptedFrame or DeclinedFrame => ending && phase >= HandoverPhase.Serving,
        FarewellFrame => ending || phase == HandoverPhase.Promoted,
        _ => false,
    };
}
