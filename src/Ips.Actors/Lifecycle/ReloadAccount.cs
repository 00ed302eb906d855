using Akka.Actor;
using Ips.Actors.Handover;

namespace Ips.Actors.Lifecycle;

/// <summary>The reload under way: what is known of it so far, and who waits for its receipt.</summary>
internal sealed class ReloadAccount(LifecycleEffect.BeginReload begin, TimeProvider time)
{
    private readonly DateTimeOffset _startedAt = time.GetUtcNow();
    private readonly long _started = time.GetTimestamp();
    private readonly Dictionary<string, double> _phases = [];
    private ReloadTrace? _trace;
    private IReadOnlyList<string>? _output;
    private ConnectionCounts? _connections;
    private IReadOnlyList<int>? _abortedGenerations;
    private IReadOnlyList<string>? _warnings;
    private bool _checked;
    private string? _newRelease;
    private IReadOnlyList<int>? _canary;
    private string? _noCanary;
    private Judging.Judgement? _judgement;

    /// <summary>What asked for it.</summary>
    public ReloadTrigger Trigger => Takeover is not null ? ReloadTrigger.Takeover : Asked?.Reload.Trigger ?? ReloadTrigger.Signal;

    /// <summary>The span of this reload, for the successor's own; null if nobody traces.</summary>
    public string? TraceParent => _trace?.TraceParent;

    /// <summary>Who asked for it.</summary>
    public string Source => begin.Source;

    /// <summary>It is a check: no successor is to accept.</summary>
    public bool DryRun => begin.DryRun;

    /// <summary>The request that it carries out; null in a takeover.</summary>
    public AskedReload? Asked { get; init; }

    /// <summary>Its id is never to be begun again.</summary>
    public bool IsOnce => Asked?.Reload.Once is not null;

    /// <summary>Milliseconds that the request had waited when it was begun; null if it was begun at once.</summary>
    public double? WaitedMs { get; init; }

    /// <summary>The process that takes over; null in a reload.</summary>
    public ITakeoverProcess? Takeover { get; init; }

    /// <summary>When it was asked for.</summary>
    public DateTimeOffset StartedAt => _startedAt;

    /// <summary>Milliseconds since then.</summary>
    public double Elapsed => ElapsedMs();

    /// <summary>Milliseconds to each phase that it has reached, as of now.</summary>
    public IReadOnlyDictionary<string, double> Phases
    {
        get
        {
            lock (_phases) return new Dictionary<string, double>(_phases);
        }
    }

    /// <summary>The successor's release, once it has said hello.</summary>
    public string? NewRelease => _newRelease;

    /// <summary>Who gets the receipt.</summary>
    public List<IActorRef> Waiters { get; init; } = [];

    /// <summary>What was launched; null before, and in a takeover.</summary>
    public ReleaseStamp? Launched { get; private set; }

    /// <summary>The successor's process id, once spawned.</summary>
    public int? NewPid { get; private set; }

    /// <summary>How long the probation may last now that it was lengthened; null if it was not.</summary>
    public TimeSpan? LongerProbation { get; private set; }

    /// <summary>How it failed; null while it has not.</summary>
    public (ReloadOutcome Outcome, string Reason)? Failure { get; private set; }

    /// <summary>How it would end now.</summary>
    public ReloadOutcome Outcome => Failure?.Outcome ?? (_checked ? ReloadOutcome.Checked : ReloadOutcome.Promoted);

    /// <summary>Begins to trace it.</summary>
    /// <param name="generation">The successor's.</param>
    public void Trace(int generation) =>
        _trace = new ReloadTrace(Asked?.Reload.Request.TraceParent, Trigger, DryRun, generation, _startedAt);

    /// <summary>Notes what an event says of the successor and of the connections.</summary>
    /// <param name="event">The event; most say nothing.</param>
    /// <param name="generation">The successor's.</param>
    /// <returns>What to report about it to the waiting clients, if anything.</returns>
    public string? Note(LifecycleEvent @event, int generation)
    {
        switch (@event)
        {
            case LifecycleEvent.LaunchBegan launch:
                Launched = launch.Release;
                return null;
            case LifecycleEvent.GenerationsAborted aborted:
                _abortedGenerations = aborted.Generations;
                return $"generation {string.Join(", ", aborted.Generations)} was still draining and was aborted to make room";
            case LifecycleEvent.SuccessorSpawned spawned:
                NewPid = spawned.Pid;
                return Reached(spawned.Takeover ? "invited" : "spawned");
            case LifecycleEvent.SuccessorGreeted greeted:
                _newRelease = greeted.Release;
                return Reached("hello");
            case LifecycleEvent.ProbationLengthened lengthened:
                LongerProbation = lengthened.Longest;
                return $"the probation is longer, to judge: {lengthened.Reason}";
            case LifecycleEvent.FilesShared shared:
                _warnings = [ReloadWarning.FilesShared(shared.Paths)];
                return null;
            case LifecycleEvent.SuccessorReady ready:
                (_canary, _noCanary) = (ready.Percent, ready.NoCanary is { Length: > 0 } objection ? objection : null);
                return Reached("ready");
            case LifecycleEvent.SuccessorServes:
                return Reached("serving");
            case LifecycleEvent.SuccessorWrote wrote:
                _output = wrote.Lines;
                return null;
            case LifecycleEvent.ConnectionsSettled { Counts: { } counts }:
                _connections = counts;
                return null;
            default:
                return null;
        }

        string? Reached(string phase) =>
            Reach(phase) ? $"generation {generation} (PID {NewPid}) {phase} after {_phases[phase]:0} ms" : null;
    }

    /// <summary>Keeps the judge's table for the receipt.</summary>
    public void Keep(Judging.Judgement judgement) => _judgement = judgement;

    /// <summary>Notes that the successor of a check got ready.</summary>
    public void Pass() => _checked = true;

    /// <summary>Notes the failure; the first reason is the cause of all others. A stop is the outcome in any case: nobody serves
    /// on.</summary>
    public void Fail(ReloadOutcome outcome, string reason) => Failure = (Failure, outcome) switch
    {
        (null, ReloadOutcome.Stopped) when _checked => (outcome, $"{reason}; the check had passed"),
        (null, _) => (outcome, reason),
        ({ Outcome: not ReloadOutcome.Stopped } earlier, ReloadOutcome.Stopped) => (outcome, $"{reason}; before that: {earlier.Reason}"),
        _ => Failure,
    };

    /// <summary>Ends it.</summary>
    /// <returns>Its receipt.</returns>
    public ReloadReceipt Close(int pid, int generation, string release)
    {
        if (Outcome is ReloadOutcome.Promoted)
        {
            Reach("promoted");
        }

        var receipt = Receipt(pid, generation, release);
        _trace?.End(receipt, time.GetUtcNow());
        return receipt;
    }

    /// <summary>The receipt of a reload that would end now.</summary>
    public ReloadReceipt Receipt(int pid, int generation, string release) =>
        new(WireName.Of(Outcome), pid, generation, NewPid, generation + 1, Failure?.Reason, _startedAt, ElapsedMs())
        {
            Trigger = WireName.Of(Trigger),
            Cause = Asked?.Reload.Cause,
            OldRelease = release,
            NewRelease = _newRelease,
            Connections = _connections,
            Canary = _canary,
            NoCanary = _noCanary,
            PhasesMs = Phases,
            Output = Failure is null ? null : _output,
            DryRun = DryRun,
            AbortedGenerations = _abortedGenerations,
            Warnings = _warnings,
            Judgement = _judgement,
            WaitedMs = WaitedMs,
            RequestId = Asked?.Id,
            Deployed = Asked?.Reload.Request.Release,
        };

    // The first time counts: what is asked again after a restart is answered again.
    private bool Reach(string phase)
    {
        lock (_phases)
        {
            if (!_phases.TryAdd(phase, ElapsedMs())) return false;
        }

        _trace?.Reach(phase, time.GetUtcNow());
        return true;
    }

    private double ElapsedMs() => Math.Round(time.GetElapsedTime(_started).TotalMilliseconds, 1);
}
