using Akka.Actor;
using Ips.Actors.Control;
using Ips.Actors.Reloader;

namespace Ips.Actors.Lifecycle;

/// <summary>The reload under way: what is known of it so far, and who waits for its receipt.</summary>
internal sealed class ReloadAccount(string source, DateTimeOffset startedAt, long startedTimestamp, bool dryRun = false)
{
    private readonly Dictionary<string, double> _phases = [];
    private IReadOnlyList<string>? _output;
    private ConnectionCounts? _connections;

    /// <summary>Who asked for it.</summary>
    public string Source => source;

    /// <summary>It is a check: no successor is to accept.</summary>
    public bool DryRun => dryRun;

    /// <summary>The request that it carries out; null in a takeover.</summary>
    public AskedReload? Asked { get; init; }

    /// <summary>What was launched; null before, and in a takeover.</summary>
    public ReleaseStamp? Launched { get; private set; }

    /// <summary>Milliseconds that the request had waited when it was begun; null if it was begun at once.</summary>
    public double? WaitedMs { get; init; }

    /// <summary>The successor that came from outside; null in a reload.</summary>
    public IInvitedGeneration? Invited { get; init; }


    /// <summary>A check whose successor got ready.</summary>
    public bool Checked { get; set; }

    /// <summary>Generations that were aborted to make room.</summary>
    public IReadOnlyList<int>? AbortedGenerations { get; private set; }

    /// <summary>The successor's process id, once spawned.</summary>
    public int? NewPid { get; private set; }

    /// <summary>The successor's release, once it said hello.</summary>
    public string? NewRelease { get; private set; }

    /// <summary>How it failed; null while it has not.</summary>
    public (ReloadOutcome Outcome, string Reason)? Failure { get; private set; }

    /// <summary>Who gets the receipt.</summary>
    public List<IActorRef> Waiters { get; } = [];

    /// <summary>Notes what an event says of the successor.</summary>
    /// <param name="event">The event; most say nothing.</param>
    /// <param name="generation">The successor's.</param>
    /// <param name="time">The clock.</param>
    /// <returns>What those who wait are told of it, if anything.</returns>
    public string? Note(LifecycleEvent @event, int generation, TimeProvider time)
    {
        switch (@event)
        {
            case LifecycleEvent.LaunchBegan launch:
                Launched = launch.Release;
                return null;
            case LifecycleEvent.GenerationsAborted aborted:
                AbortedGenerations = aborted.Generations;
                return $"generation {string.Join(", ", aborted.Generations)} was still draining and was aborted to make room";
            case LifecycleEvent.SuccessorSpawned spawned:
                NewPid = spawned.Pid;
                return Reached(spawned.Invited ? "invited" : "spawned");
            case LifecycleEvent.SuccessorGreeted greeted:
                NewRelease = greeted.Release;
                return Reached("hello");
            case LifecycleEvent.SuccessorReady:
                return Reached("ready");
            case LifecycleEvent.SuccessorServes:
                return Reached("serving");
            case LifecycleEvent.SuccessorWrote wrote:
                _output = wrote.Lines;
                return null;
            default:
                return null;
        }

        string? Reached(string phase) => Reach(phase, time) ? $"generation {generation} (PID {NewPid}) {phase} after {_phases[phase]:0} ms" : null;
    }

    /// <summary>Notes a phase; the first time counts.</summary>
    public bool Reach(string phase, TimeProvider time) => _phases.TryAdd(phase, ElapsedMs(time));

    /// <summary>Notes the failure; the first reason is the cause of all others. A stop is the outcome in any case: nobody serves
    /// on.</summary>
    public void Fail(ReloadOutcome outcome, string reason) => Failure = (Failure, outcome) switch
    {
        (null, ReloadOutcome.Stopped) when Checked => (outcome, $"{reason}; the check had passed"),
        (null, _) => (outcome, reason),
        ({ Outcome: not ReloadOutcome.Stopped } earlier, ReloadOutcome.Stopped) => (outcome, $"{reason}; before that: {earlier.Reason}"),
        _ => Failure,
    };

    /// <summary>Notes what became of the open connections when the first wave had left.</summary>
    public void Settled(int moved, int busy, IReadOnlyDictionary<string, int> staying) => _connections = new ConnectionCounts(moved, busy, staying);

    /// <summary>Milliseconds since it began.</summary>
    public double ElapsedMs(TimeProvider time) => Math.Round(time.GetElapsedTime(startedTimestamp).TotalMilliseconds, 1);

    /// <summary>The receipt as of now.</summary>
    public ReloadReceipt Close(int pid, int generation, string release, TimeProvider time) => new(
        (Failure?.Outcome ?? (Checked ? ReloadOutcome.Checked : ReloadOutcome.Promoted)) switch
        {
            ReloadOutcome.Checked => "checked",
            ReloadOutcome.Promoted => "promoted",
            ReloadOutcome.Refused => "refused",
            ReloadOutcome.Stopped => "stopped",
            _ => "rolled-back",
        },
        pid, generation, NewPid, generation + 1, Failure?.Reason, startedAt, ElapsedMs(time))
    {
        OldRelease = release,
        NewRelease = NewRelease,
        Connections = _connections,
        PhasesMs = new Dictionary<string, double>(_phases),
        Output = Failure is null ? null : _output,
        DryRun = dryRun,
        AbortedGenerations = AbortedGenerations,
        WaitedMs = WaitedMs,
        RequestId = Asked?.Id,
    };
}
