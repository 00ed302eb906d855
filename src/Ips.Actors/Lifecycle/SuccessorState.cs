using Ips.Actors.Posix;

namespace Ips.Actors.Lifecycle;

/// <summary>Where a successor stands, as its predecessor knows. A state carries only what decides the next step.</summary>
internal abstract record SuccessorState
{
    private SuccessorState()
    {
    }

    /// <summary>Name for the log and for reasons.</summary>
    public string Name => GetType().Name;

    // Without a process.

    /// <summary>No successor was started yet.</summary>
    public sealed record None : SuccessorState;

    /// <summary>It could not be started, and its failure was reported: the order to end it is to be answered.</summary>
    public sealed record NotStarted : SuccessorState;

    /// <summary>It has ended, and that was reported: an order that comes later was for it.</summary>
    public sealed record Gone : SuccessorState;

    /// <summary>A successor is about to be started.</summary>
    /// <param name="Order">The order, which also identifies the attempt: an answer to an earlier one is dropped.</param>
    public abstract record Preparing(ReloaderOrder.SpawnSuccessor Order) : SuccessorState;

    /// <summary>Too many generations are alive: one of them may still end by itself.</summary>
    public sealed record AwaitingRoom(ReloaderOrder.SpawnSuccessor Order) : Preparing(Order);

    /// <summary>None did: the oldest are being aborted.</summary>
    public sealed record AbortingOlder(ReloaderOrder.SpawnSuccessor Order) : Preparing(Order);

    /// <summary>The listening sockets are being duplicated for it; then it is launched.</summary>
    public sealed record OfferingSockets(ReloaderOrder.SpawnSuccessor Order) : Preparing(Order);

    // With a process.

    /// <summary>Its process is there, or one half of its end is still to come.</summary>
    public abstract record Living(SuccessorFacts Facts) : SuccessorState
    {
        /// <summary>How much of its end was seen.</summary>
        public ProcessEnd End { get; init; } = new ProcessEnd.Unseen();
    }

    /// <summary>It has not said hello.</summary>
    public sealed record Spawned(SuccessorFacts Facts) : Living(Facts);

    /// <summary>It was welcomed, and is starting.</summary>
    public sealed record Welcomed(SuccessorFacts Facts) : Living(Facts);

    /// <summary>It has said ready. <paramref name="Unjudged"/>: failing checks of it that are still to be judged; then it is
    /// ready.</summary>
    public sealed record Ready(SuccessorFacts Facts, IReadOnlyDictionary<string, string>? Unjudged = null) : Living(Facts);

    /// <summary>It serves, and health reports are due.</summary>
    /// <param name="Facts">What is known of it.</param>
    /// <param name="UrlFailures">How often in a row the health URL has failed.</param>
    /// <param name="Step">The canary's step, from 1: its share of the connections is passed on. 0 before the first one, and for a successor
    /// that is no canary.</param>
    public abstract record OnProbation(SuccessorFacts Facts, int UrlFailures, int Step) : Living(Facts);

    /// <summary>It was told to serve. <paramref name="Reported"/>: LifecycleActor knows that it does. <paramref name="Concluding"/>: the
    /// probation's time is over, and the judge may still want more of it.</summary>
    public sealed record Serving(SuccessorFacts Facts, int UrlFailures = 0, int Step = 0, bool Reported = false, bool Concluding = false)
        : OnProbation(Facts, UrlFailures, Step);

    /// <summary>It was told that it is the main process.</summary>
    public sealed record Promoting(SuccessorFacts Facts, int UrlFailures, int Step = 0) : OnProbation(Facts, UrlFailures, Step);

    /// <summary>It has said that it is the main process: from here on nothing that happens to it is a failure of this reload.</summary>
    /// <param name="Facts">What is known of it.</param>
    /// <param name="Carry">Whether connections move there.</param>
    public abstract record Main(SuccessorFacts Facts, CarryStage Carry) : Living(Facts);

    /// <summary>It is the main process.</summary>
    public sealed record Promoted(SuccessorFacts Facts, CarryStage Carry = CarryStage.NotBegun) : Main(Facts, Carry);

    /// <summary>It hands over itself, or stops, and waits for word that no connection follows.</summary>
    public sealed record Leaving(SuccessorFacts Facts, CarryStage Carry) : Main(Facts, Carry);

    /// <summary>Its failure was reported; the order to end it follows.</summary>
    /// <param name="Was">How far it had come.</param>
    /// <param name="Drains">It has said so itself: it drains, and gives its connections back.</param>
    public sealed record Failed(Living Was, bool Drains = false) : Living(Was.Facts);

    /// <summary>It is being ended. Whatever it says now, it ends.</summary>
    /// <param name="Was">How far it had come.</param>
    public abstract record Ending(Living Was) : Living(Was.Facts);

    /// <summary><c>stop</c> was sent. <paramref name="Patience"/>: how long it gets.</summary>
    public sealed record Asked(Living Was, TimeSpan Patience) : Ending(Was);

    /// <summary>SIGTERM was sent.</summary>
    public sealed record Terminated(Living Was) : Ending(Was);

    /// <summary>SIGKILL was sent.</summary>
    public sealed record Killed(Living Was) : Ending(Was);
}

/// <summary>What is known of a successor that has a process.</summary>
/// <param name="Order">How it was asked for.</param>
/// <param name="Version">The version of the protocol that both speak; 0 before it was welcomed.</param>
/// <param name="HealthUrl">The health URL that judges it, once it is ready; null or empty for none.</param>
/// <param name="UrlFailsHere">The health URL failed while this generation answered it, so it says nothing of the successor.</param>
/// <param name="NoCanary">Why it is no canary, empty if that is switched off or not known yet; null if it is one.</param>
internal sealed record SuccessorFacts(
    ReloaderOrder.SpawnSuccessor Order, int Version = 0, string? HealthUrl = null, bool UrlFailsHere = false, string? NoCanary = "")
{
    /// <summary>Until its promotion it accepts nothing: some of the connections are passed on to it.</summary>
    public bool Canary => NoCanary is null;
}

/// <summary>The two halves of a process's end, in whatever order they come. After the second one it is gone.</summary>
internal abstract record ProcessEnd
{
    private ProcessEnd()
    {
    }

    /// <summary>Neither was seen.</summary>
    public sealed record Unseen : ProcessEnd;

    /// <summary>The channel has ended. <paramref name="Error"/>: how, if not by a close.</summary>
    public sealed record ChannelClosed(string? Error) : ProcessEnd;

    /// <summary>The process was reaped. <paramref name="About"/>: what is known of that beside its status; <paramref name="LastWords"/>:
    /// the line of its output that most likely says why.</summary>
    public sealed record Exited(ProcessExit Exit, string? About = null, string? LastWords = null) : ProcessEnd;
}

/// <summary>How far the moving of connections to the successor has come.</summary>
internal enum CarryStage
{
    /// <summary>Nothing has begun to move.</summary>
    NotBegun,

    /// <summary>Connections move.</summary>
    Begun,

    /// <summary>Nothing more is given to it.</summary>
    Ended,
}
