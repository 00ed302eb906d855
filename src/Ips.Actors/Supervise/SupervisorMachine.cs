using Ips.Actors.Posix;
using static Ips.Actors.Supervise.SupervisorEffect;
using static Ips.Actors.Supervise.SupervisorEvent;

namespace Ips.Actors.Supervise;

/// <summary>The state after an event and what is to be done, in order.</summary>
internal sealed record SupervisorTransition(SupervisorState State, params IReadOnlyList<SupervisorEffect> Effects);

/// <summary>Every decision of the supervisor. Pure.</summary>
/// <remarks>
/// A first generation that cannot start ends the parent with its exit code, so that its caller learns it. From the first time that one
/// served, an end that nobody asked for is a crash: a signal, or an exit code that is neither 0 nor 3. It is answered by a restart after
/// 100 ms, 1 s, 2 s, 4 s ... 30 s; from the third start in a row on by the last good release; after <see cref="MaxCrashes"/> the parent
/// ends. It ends at once if the sockets were given up that only root could open: nothing of the service is root's.
/// </remarks>
[SupportedOSPlatform("linux")]
internal static class SupervisorMachine
{
    /// <summary>Crashes in a row after which a restart is hopeless: a container's or machine's manager may know better.</summary>
    internal const int MaxCrashes = 10;

    /// <summary>After so many crashes in a row the last good release is started.</summary>
    internal const int CrashesBeforeLastGood = 2;

    /// <summary>A generation that served for so long was sound: its crash counts as the first.</summary>
    internal static readonly TimeSpan SoundAfter = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(30);

    /// <summary>Decides.</summary>
    public static SupervisorTransition Next(SupervisorState state, SupervisorEvent @event) => @event switch
    {
        // It may have said that it joined, or even serves, before the spawn was told here.
        Started started => new(state with
        {
            Starting = state.Main == started.Pid ? null : started.Pid,
            Known = With(state.Known, started.Pid, 0)
        }),
        StartFailed failed => state.HasServed ? OnCrash(state, 0, ProcessExit.Unknown, failed.At) : new(state, new Exit(1)),
        Joined joined => new(state with { Known = With(state.Known, joined.Pid, joined.Generation) }),
        BecameMain main => new(state with
        {
            Main = main.Pid,
            Starting = null,
            HasServed = true,
            AwaitsSuccessor = false,
            Released = false,
            MainSince = main.At,
            Known = With(state.Known, main.Pid, main.Generation),
        }),
        Released released => new(state with { Released = state.Released || released.Pid == state.Main }),
        Ended ended => OnEnded(state, ended),
        BackOffOver when state.Code is null && state.Main is null && state.Starting is null =>
            new(state, new Start(LastGood: state.Crashes >= CrashesBeforeLastGood)),
        BackOffOver => new(state),
        Signalled signalled => OnSignal(state, signalled),
        _ => new(state),
    };

    /// <summary>The time before a restart.</summary>
    /// <param name="crashes">Crashes in a row, from 1.</param>
    internal static TimeSpan Delay(int crashes) =>
        crashes <= 1 ? FirstDelay : TimeSpan.FromSeconds(Math.Min(LongestDelay.TotalSeconds, Math.Pow(2, crashes - 2)));

    /// <summary>An exit as a shell tells of it.</summary>
    internal static int CodeOf(ProcessExit exit) => exit == ProcessExit.Unknown ? 1 : exit.Signal == 0 ? exit.Code : 128 + exit.Signal;

    private static SupervisorTransition OnSignal(SupervisorState state, Signalled signalled)
    {
        var stopping = state with { Stopping = state.Stopping || signalled.Stops };
        if ((state.Main ?? state.Starting ?? Newest(state.Known)) is { } pid)
        {
            return new(stopping, new Forward(pid, signalled.Signal));
        }

        // In the time before a restart.
        return signalled.Stops
            ? new(stopping with { Code = state.Code ?? 1 }, new Exit(state.Code ?? 1))
            : new(state, new ExplainLostSignal(signalled.Signal));
    }

    private static SupervisorTransition OnEnded(SupervisorState state, Ended ended)
    {
        if (!state.Known.ContainsKey(ended.Pid))
        {
            return new(state); // an orphan that only had to be reaped, or told of twice
        }

        var number = state.Known[ended.Pid];
        var left = state with
        {
            Known = state.Known.Where(pair => pair.Key != ended.Pid && IsKept(state, pair.Key, ended.Alive))
            .ToDictionary()
        };
        var decides = ended.Pid == state.Main || ended.Pid == state.Starting
            || (state.AwaitsSuccessor && number >= Newest(left.Known, orElse: 0));
        if (!decides)
        {
            return LeaveIfAlone(left);
        }

        left = left with
        {
            Main = ended.Pid == state.Main ? null : left.Main,
            Starting = ended.Pid == state.Starting ? null : left.Starting,
            AwaitsSuccessor = false
        };
        var isMain = ended.Pid == state.Main;
        var clean = ended.Exit is { Signal: 0, Code: 0 or 3 } || (ended.Exit == ProcessExit.Unknown && state.Released);
        if (state.Stopping || (isMain && clean) || !state.HasServed)
        {
            var code = ended.Exit == ProcessExit.Unknown && state.Released ? 0 : CodeOf(ended.Exit);
            return LeaveIfAlone(left with { Code = code });
        }

        // Only a main process has a successor. One that was started after a crash has no number before its first word: each that drains has
        // a higher one.
        return isMain && left.Known.Values.Any(other => other > number)
            ? new(left with { AwaitsSuccessor = true }, new NoteCrash(ended.Pid, ended.Exit, left.Crashes))
            : OnCrash(left, ended.Pid, ended.Exit, ended.At);
    }

    // A successor that failed was reaped by its predecessor, and nobody tells of it. Those whose end decides are told of, however late.
    private static bool IsKept(SupervisorState state, int pid, IReadOnlySet<int> alive) =>
        alive.Contains(pid) || pid == state.Main || pid == state.Starting || state.AwaitsSuccessor;

    private static SupervisorTransition OnCrash(SupervisorState state, int pid, ProcessExit exit, TimeSpan at)
    {
        var sound = state.MainSince is { } since && at - since >= SoundAfter;
        var crashes = sound ? 1 : state.Crashes + 1;
        var next = state with { Crashes = crashes, MainSince = null };
        if (state is { Released: true, BoundByRoot: true })
        {
            return LeaveIfAlone(next with { Code = CodeOf(exit) }, new NoteCrash(pid, exit, crashes), new NoteUnbindable());
        }

        return crashes >= MaxCrashes
            ? LeaveIfAlone(next with { Code = CodeOf(exit) }, new NoteCrash(pid, exit, crashes))
            : new(next, new NoteCrash(pid, exit, crashes), new ArmBackOff(Delay(crashes)));
    }

    private static SupervisorTransition LeaveIfAlone(SupervisorState state, params IReadOnlyList<SupervisorEffect> before) =>
        state.Code is { } code && state.Known.Count == 0 ? new(state, [.. before, new Exit(code)]) : new(state, before);

    private static Dictionary<int, int> With(IReadOnlyDictionary<int, int> known, int pid, int generation)
    {
        var next = known.ToDictionary();
        next[pid] = Math.Max(generation, next.GetValueOrDefault(pid));
        return next;
    }

    private static int? Newest(IReadOnlyDictionary<int, int> known) => known.Count == 0 ? null : known.MaxBy(pair => pair.Value).Key;

    private static int Newest(IReadOnlyDictionary<int, int> known, int orElse) => known.Count == 0 ? orElse : known.Values.Max();
}
