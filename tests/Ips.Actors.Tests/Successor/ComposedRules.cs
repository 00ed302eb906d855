using Ips.Actors.Lifecycle;
using static Ips.Actors.Tests.Lifecycle.WorldRules;

namespace Ips.Actors.Tests.Successor;

/// <summary>What holds of the whole: at any moment, and once everything that was on its way has arrived.</summary>
internal static class ComposedRules
{
    public const string Accepting = "1 somebody accepts";
    public const string OneMain = "2 one main process";
    public const string OnePrimary = "3 one primary app";
    public const string OneSuccessor = "4 one successor";
    public const string Receipt = "5 one receipt";
    public const string NextReload = "6 the next reload";
    public const string Stuck = "7 clocks lead out";
    public const string Gone = "8 gone is gone";
    public const string Orphan = "9 no orphan";
    public const string Bounded = "10 bounded";
    public const string Total = "11 total";

    /// <summary>At any moment.</summary>
    public static void CheckAlways(Whole whole, Machines machines)
    {
        Require(!(whole.Has(Facts.IsPrimary) && whole.IsPeerMain), OnePrimary, "two apps are primary");
        Require(machines.Successor(whole) is SuccessorState.Living || !whole.Has(Facts.OfReloader), Gone,
            "a clock runs for a successor that is gone");
        Require(whole.Peer == PeerStage.Absent || machines.Successor(whole) is SuccessorState.Living, Gone,
            "a process is there that nobody watches");
    }

    /// <summary>Nothing is on its way.</summary>
    public static void CheckQuiet(Whole whole, Machines machines)
    {
        var (lifecycle, successor) = (machines.Lifecycle(whole), machines.Successor(whole));
        Require(whole.Has(Facts.Accepts) || whole.PeerAccepts || IsOver(lifecycle), Accepting,
            $"nobody accepts in {lifecycle} with a successor that is {whole.Peer}");
        Require(!whole.IsPeerMain || IsOver(lifecycle) || lifecycle is LifecycleState.Promoting || successor is SuccessorState.Ending,
            OneMain, $"the successor is the main process, and this generation in {lifecycle} is it too");
        if (lifecycle is LifecycleState.Serving)
        {
            Require(successor is not (SuccessorState.Living or SuccessorState.Preparing), NextReload,
                $"a successor is left over: {successor.Name}");
            Require(!whole.Has(Facts.AccountOpen), Receipt, "a reload has no receipt");
            Require(!whole.Has(Facts.PidFileIsPeers), OneMain, "the PID file names a successor that is gone");
            Require(whole.Has(Facts.IsPrimary), OnePrimary, "no app is primary");
            Require(machines.Next(whole.Successor, new SuccessorEvent.Ordered(new ReloaderOrder.SpawnSuccessor())).State != whole.Successor,
                NextReload, "the next reload starts nothing");
        }
    }

    /// <summary>A successor learns of its promotion.</summary>
    public static void CheckPromotion(Whole whole) => Require(!whole.Has(Facts.IsPrimary), OnePrimary, "two apps are primary");

    /// <summary>This process ends.</summary>
    public static void CheckExit(Whole whole, Machines machines)
    {
        Require(!whole.Has(Facts.AccountOpen), Receipt, "the process ends, and a reload has no receipt");
        for (var orders = whole.Orders; !orders.IsEmpty && whole.IsPeerAlive; orders = orders.Rest)
        {
            if (machines.Orders[orders.First] is ReloaderOrder.KillSuccessor) return;
        }

        Require(!whole.IsPeerAlive || whole.Has(Facts.PromoteSent), Orphan, $"the process ends, and its successor stays as {whole.Peer}");
    }

    private static bool IsOver(LifecycleState state) => state is LifecycleState.LameDuck or LifecycleState.Moving or LifecycleState.Draining
        or LifecycleState.Exiting;
}
