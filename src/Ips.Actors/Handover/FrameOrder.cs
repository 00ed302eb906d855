namespace Ips.Actors.Handover;

/// <summary>How far a handover has come, as the successor knows.</summary>
internal enum HandoverPhase
{
    /// <summary>It was welcomed.</summary>
    Welcomed,

    /// <summary>It has said that it is ready.</summary>
    Ready,

    /// <summary>It was told to serve.</summary>
    Serving,

    /// <summary>It was told that it is the main process.</summary>
    Promoted,
}

/// <summary>What a predecessor may say at which time. Pure. What a successor may say is in <c>SuccessorMachine</c>, with
/// what it means.</summary>
/// <remarks>A peer may say a thing again: an actor that restarted asks anew what may have been lost. What comes at another time is a fault
/// of the peer, and is not acted on.</remarks>
internal static class FrameOrder
{
    /// <summary>Whether a predecessor may say this now.</summary>
    /// <param name="frame">What it says.</param>
    /// <param name="phase">How far the handover has come.</param>
    /// <param name="version">The version that both speak.</param>
    /// <param name="ending">This generation gives up, or was told to stop.</param>
    /// <param name="leaving">This generation has asked the predecessor to send no more.</param>
    /// <param name="canary">It serves as a canary.</param>
    public static bool AllowsFromPredecessor(
        HandoverFrame frame, HandoverPhase phase, int version, bool ending, bool leaving, bool canary = false) =>
        frame switch
        {
            StopFrame => phase >= HandoverPhase.Welcomed,
            ServeFrame => phase >= HandoverPhase.Ready,
            HistoryFrame => phase >= HandoverPhase.Serving,
            IdentityFrame => version >= HandoverVersion.LateIdentity && phase == HandoverPhase.Serving,
            PromoteFrame => phase >= HandoverPhase.Serving,
            ConnectionsFrame => phase == HandoverPhase.Promoted || (canary && phase == HandoverPhase.Serving),
            UpgradedFrame => version >= HandoverVersion.Upgrades && phase == HandoverPhase.Promoted,
            LeftFrame => leaving,
            AdoptedFrame or DeclinedFrame => ending && phase >= HandoverPhase.Serving,
            DrainingFrame => version >= HandoverVersion.DrainReports && phase == HandoverPhase.Promoted,
            FarewellFrame => ending || phase == HandoverPhase.Promoted,
            _ => false,
        };
}
