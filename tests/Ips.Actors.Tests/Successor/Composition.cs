
using Ips.Actors.Handover;
using Ips.Actors.Lifecycle;

namespace Ips.Actors.Tests.Successor;

/// <summary>How far the process of the successor has come, as it knows itself.</summary>
internal enum PeerStage
{
    /// <summary>There is none.</summary>
    Absent,
    Booting,

    /// <summary>It has said hello.</summary>
    Greeted,
    Welcomed,
    SaidReady,

    /// <summary>It was told to serve, and accepts.</summary>
    Serving,

    /// <summary>It was told to serve as a canary, and does not accept.</summary>
    Canary,

    /// <summary>It was told that it is the main process, and is.</summary>
    Main,

    /// <summary>The main process, and has said that it leaves.</summary>
    Leaving,

    /// <summary>It gives up, or was told to stop: it does not accept, and is nobody's main process.</summary>
    Draining,
    Dead,
}

/// <summary>What else is true of the whole.</summary>
[Flags]
internal enum Facts
{
    None = 0,

    // The predecessor.
    Accepts = 1 << 0,
    IsPrimary = 1 << 1,
    AccountOpen = 1 << 2,

    /// <summary>The reload has failed, or is a check: its receipt is not to say "promoted".</summary>
    AccountFailed = 1 << 3,
    RoleOwed = 1 << 4,
    ReleaseOwed = 1 << 5,
    DrainOwed = 1 << 6,
    SettleOwed = 1 << 7,
    SuccessorTimer = 1 << 8,
    ProbationTimer = 1 << 9,
    LameDuckTimer = 1 << 10,
    MoveTimer = 1 << 11,
    DrainTimer = 1 << 12,
    AbortTimer = 1 << 13,

    // Its ReloaderActor.
    SocketsOwed = 1 << 14,
    ExitOwed = 1 << 15,
    HealthTimer = 1 << 16,
    EscalateTimer = 1 << 17,
    ClosedTimer = 1 << 18,
    ExitTimer = 1 << 19,

    // The process of the successor.

    /// <summary>It has closed the channel, and lives.</summary>
    HasClosed = 1 << 20,

    /// <summary>It has said that it is promoted, and had not been told so.</summary>
    HasLied = 1 << 21,

    /// <summary>It has begun to accept.</summary>
    HasServed = 1 << 22,

    /// <summary>It was told that it is the main process.</summary>
    PromoteSent = 1 << 23,

    /// <summary>The PID file names it.</summary>
    PidFileIsPeers = 1 << 24,

    /// <summary>ReloaderActor has restarted in this reload.</summary>
    HasRestarted = 1 << 25,

    /// <summary>The successor is to be ended.</summary>
    EndOrdered = 1 << 26,

    // Its ReloaderActor.

    /// <summary>The judge is asked whether it has seen enough.</summary>
    JudgeOwed = 1 << 27,
    ProbationMaxTimer = 1 << 28,

    OfReloader = HealthTimer | EscalateTimer | ClosedTimer | ExitTimer | JudgeOwed | ProbationMaxTimer,
    OfPeer = HasClosed | HasLied,
    OfReload = HasServed | PromoteSent | HasRestarted | EndOrdered,

    /// <summary>Something rare has happened in this reload.</summary>
    OutOfTheWay = HasLied | HasRestarted,

    /// <summary>What is on its way and comes by itself.</summary>
    InFlight = RoleOwed | ReleaseOwed | SocketsOwed | ExitOwed | JudgeOwed,
}

/// <summary>Messages on their way, oldest first, as numbers from 1 to 63.</summary>
internal readonly record struct Mail(ulong Items)
{
    public const int Most = 10;

    public bool IsEmpty => Items == 0;

    public int First => (int)(Items & 63);

    public Mail Rest => new(Items >> 6);

    public int Count => (63 - System.Numerics.BitOperations.LeadingZeroCount(Items) + 6) / 6;

    public Mail With(int item) => new(Items | ((ulong)item << (Count * 6)));

    public bool Has(int item)
    {
        for (var rest = Items; rest != 0; rest >>= 6)
        {
            if ((int)(rest & 63) == item) return true;
        }

        return false;
    }
}

/// <summary>The two machines of a predecessor, the process of its successor, and what is on its way between the three. The states of the
/// machines, by their numbers.</summary>
internal readonly record struct Whole(
    int Lifecycle, int Successor, PeerStage Peer, Facts Facts, Mail Orders, Mail Events, Mail ToPeer, Mail FromPeer)
{
    public bool Has(Facts facts) => (Facts & facts) != 0;

    public bool IsPeerAlive => Peer is not (PeerStage.Absent or PeerStage.Dead);

    public bool PeerAccepts => Peer is PeerStage.Serving or PeerStage.Main or PeerStage.Leaving;

    public bool IsPeerMain => Peer is PeerStage.Main or PeerStage.Leaving;

    /// <summary>Everything has arrived.</summary>
    public bool IsQuiet => Orders.IsEmpty && Events.IsEmpty && ToPeer.IsEmpty && FromPeer.IsEmpty && !Has(Facts.InFlight);
}

/// <summary>Gives equal values the same number, from 1.</summary>
internal sealed class Numbers<T>
    where T : notnull
{
    private readonly Dictionary<T, int> _numbers = [];
    private readonly List<T> _values = [];

    public int Count => _values.Count;

    public T this[int number] => _values[number - 1];

    public int Of(T value)
    {
        if (!_numbers.TryGetValue(value, out var number))
        {
            _values.Add(value);
            _numbers.Add(value, number = _values.Count);
        }

        return number;
    }
}

/// <summary>The frames that the model knows.</summary>
internal static class Frames
{
    public static readonly HandoverFrame Hello = new HelloFrame(1, 2, 12, "test");
    public static readonly HandoverFrame Welcome = new WelcomeFrame(2, 2, [], false, false, 1000);
    public static readonly HandoverFrame Ready = new ReadyFrame();
    public static readonly HandoverFrame ReadyCanary = new ReadyFrame(Accepts: []);
    public static readonly HandoverFrame Serve = new ServeFrame();
    public static readonly HandoverFrame ServeCanary = new ServeFrame(Canary: true);
    public static readonly HandoverFrame Health = new HealthFrame(true, 0, 0);
    public static readonly HandoverFrame Promote = new PromoteFrame();
    public static readonly HandoverFrame Promoted = new PromotedFrame();
    public static readonly HandoverFrame Failed = new FailedFrame("test");
    public static readonly HandoverFrame Leaving = new LeavingFrame();
    public static readonly HandoverFrame Left = new LeftFrame();
    public static readonly HandoverFrame Stop = new StopFrame("test", 0);
}
