using Ips.Actors.Handover;

namespace Ips.Actors.Tests.Successor;

/// <summary>The process of the successor: what it may do, at any moment or never, and what it does with what it is told.</summary>
internal static class PeerMoves
{
    /// <summary>What it may do now.</summary>
    /// <param name="whole">The whole.</param>
    /// <param name="mostFrames">It says nothing more while so many of its frames are on their way.</param>
    public static IEnumerable<(string By, Action<Draft> Step)> Of(Whole whole, int mostFrames)
    {
        if (whole.Has(Facts.SocketsOwed))
        {
            yield return ("the launch fails", draft => draft.OfferSockets(launches: false));
        }

        if (!whole.IsPeerAlive)
        {
            yield break;
        }

        yield return ("it dies", draft => draft.Die());
        if (whole.Has(Facts.HasClosed))
        {
            yield break;
        }

        yield return ("it closes the channel", draft =>
        {
            draft.Say(Draft.Close);
            draft.Set(Facts.HasClosed);
        }
        );
        if (whole.FromPeer.Count >= mostFrames)
        {
            yield break;
        }

        switch (whole.Peer)
        {
            case PeerStage.Booting: yield return Say("hello", PeerStage.Greeted, Frames.Hello); break;
            case PeerStage.Welcomed:
                yield return Say("ready", PeerStage.SaidReady, Frames.Ready);
                yield return Say("ready as a canary", PeerStage.SaidReady, Frames.ReadyCanary);
                break;
            case PeerStage.Canary: yield return Say("health", PeerStage.Canary, Frames.Health); break;
            case PeerStage.Serving: yield return Say("health", PeerStage.Serving, Frames.Health); break;
            case PeerStage.Main: yield return Say("leaving", PeerStage.Leaving, Frames.Leaving); break;
        }

        if (whole.Peer is PeerStage.Booting or PeerStage.Greeted or PeerStage.Welcomed or PeerStage.SaidReady or PeerStage.Serving
            or PeerStage.Canary)
        {
            yield return Say("failed", PeerStage.Draining, Frames.Failed);
            if (!whole.Has(Facts.OutOfTheWay))
            {
                yield return ("it says promoted unasked", draft =>
                {
                    draft.Say(Frames.Promoted);
                    draft.Set(Facts.HasLied);
                }
                );
            }
        }
    }

    /// <summary>It reads its next packet. What comes out of order it ignores.</summary>
    public static void Receive(Draft draft)
    {
        switch (draft.TakeFrameThere(), draft.Whole.Peer)
        {
            case (WelcomeFrame, PeerStage.Greeted): draft.Move(PeerStage.Welcomed); break;
            case (ServeFrame { Canary: true }, PeerStage.SaidReady): draft.Move(PeerStage.Canary); break;
            case (ServeFrame, PeerStage.SaidReady):
                draft.Move(PeerStage.Serving);
                draft.Set(Facts.HasServed);
                break;
            case (PromoteFrame, PeerStage.Serving or PeerStage.Canary): ComposedRules.CheckPromotion(draft.Whole); BecomeMain(draft); break;
            case (PromoteFrame, PeerStage.Main): draft.Say(Frames.Promoted); break; // asked again
            case (StopFrame, _): draft.Move(PeerStage.Draining); break;
            case (LeftFrame, PeerStage.Leaving): draft.Die(); break;
        }
    }

    private static void BecomeMain(Draft draft)
    {
        draft.Move(PeerStage.Main);
        draft.Set(Facts.PidFileIsPeers);
        draft.Say(Frames.Promoted);
    }

    private static (string By, Action<Draft> Step) Say(string what, PeerStage stage, HandoverFrame frame) => ($"it says {what}", draft =>
    {
        draft.Move(stage);
        draft.Say(frame);
    }
    );
}
