using System.Text.RegularExpressions;

namespace Ips.Actors.Tests.Lifecycle;

/// <summary>Mutants that change nothing that anyone can observe, each with the argument.</summary>
internal static class EquivalentMutants
{
    private const string AnyStop = "(StopRequested|HostStopping|ActorLost|StopReceived)";

    /// <summary>Patterns of whole names, and why a mutant of that name is no fault.</summary>
    public static readonly IReadOnlyList<(string Pattern, string Why)> Arguments =
    [
        ("Starting \\+ StopReceived: .*", "cannot come: a first generation has no predecessor"),
        ("Joining \\+ StopReceived: (without RetractIdentity|without DropQueuedReload|ordered HandedOver of the identity turned round)",
            "cannot come: RetractIdentity is ordered in Joining(Alone) only, and by then the predecessor is gone"),
        ("(Joining|Ready|Proving) \\+ StopReceived: without SendFailed", "who said stop waits for the end, not for a reason"),
        ("Exiting \\+ ActorRestarted: without ExitProcess",
            "the exit is under way, and a pending ExitProcess is kept by LifecycleMemory: it is asked again for good measure"),
        ("Draining \\+ ActorRestarted: without StopHost", "LifecycleActor does it itself, so no crash of another actor can lose it"),
        ("LameDuck \\+ StopRequested: without ArmDrainTimer",
            "aborted at once: the abort timer, armed in the same transition, is the shorter one"),
        ("LameDuck \\+ StopRequested: StopSeen turned round", "aborted already: a further stop has nothing left to abort"),
        ("AwaitingReady \\+ (SuccessorReady|SuccessorFailed|SuccessorTimedOut): ordered Return turned round",
            "it was not told to serve, so it has no connection to give back"),
        ("Moving \\+ ConnectionsDrained: without RetractIdentity",
            "the lock was handed over on the promotion: RuntimeFiles has nothing left to retract"),
        ("LameDuck \\+ (ActorLost|ActorRestarted): without FailReadiness",
            "readiness fails since the lame duck began; FrontState keeps that over a restart"),
        ("load balancers are told last", "the orders of one transition go out within microseconds, to different actors"),
        ("Draining \\+ SuccessorGone: without SendFarewell",
            "it leaves only after an unpromoted successor, which is gone: nobody hears a farewell"),
        ($"Overlapping \\+ ({AnyStop}|SuccessorFailed|SuccessorTimedOut): without DisarmProbationTimer",
            "the probation has not begun: its timer does not run"),
        ($"OnProbation \\+ ({AnyStop}|SuccessorFailed): without DisarmSuccessorTimer", "ready has come: its timer was stopped"),
        ($"(Yielding|Promoting) \\+ ({AnyStop}|SuccessorFailed|SuccessorTimedOut): without DisarmProbationTimer",
            "the probation has passed: its timer has fired"),
        ("(Overlapping|Yielding|Promoting) \\+ SuccessorTimedOut: without DisarmSuccessorTimer", "it has just fired"),
        ("Ready \\+ FrontReady: acts as Joining does", "ready said twice: the predecessor explains and ignores the second"),
        ("Overlapping \\+ (SuccessorFailed|SuccessorTimedOut): without StartAccepting", "it has not stopped accepting"),
        ("(Yielding|Promoting) \\+ ActorRestarted: without QuiesceAccepting",
            "a lost one was asked again on probation, where it belongs; again here for a probation that passes before the restart is told"),
    ];

    public static string? Why(string mutant) => Arguments.FirstOrDefault(argument => Matches(argument.Pattern, mutant)).Why;

    public static bool Matches(string pattern, string mutant) => Regex.IsMatch(mutant, $"^(?:{pattern})$", RegexOptions.CultureInvariant);
}
