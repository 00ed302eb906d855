using Ips.Actors.Posix;

namespace Ips.Actors.Supervise;

/// <summary>What a supervisor reacts to. Times are those of a clock that only runs forward.</summary>
internal abstract record SupervisorEvent
{
    private SupervisorEvent()
    {
    }

    /// <summary>A process was started for this parent's own start or restart.</summary>
    public sealed record Started(int Pid) : SupervisorEvent;

    /// <summary>It could not be started.</summary>
    public sealed record StartFailed(TimeSpan At) : SupervisorEvent;

    /// <summary>A generation has begun its start.</summary>
    public sealed record Joined(int Pid, int Generation) : SupervisorEvent;

    /// <summary>A generation is the main process.</summary>
    public sealed record BecameMain(int Pid, int Generation, TimeSpan At) : SupervisorEvent;

    /// <summary>The main process has closed its sockets for good.</summary>
    public sealed record Released(int Pid) : SupervisorEvent;

    /// <summary>A process below this one has ended.</summary>
    /// <param name="Pid">Its id.</param>
    /// <param name="Exit">How.</param>
    /// <param name="Alive">Which of the generations known so far are alive.</param>
    /// <param name="At">When.</param>
    public sealed record Ended(int Pid, ProcessExit Exit, IReadOnlySet<int> Alive, TimeSpan At) : SupervisorEvent;

    /// <summary>The time before a restart is over.</summary>
    public sealed record BackOffOver : SupervisorEvent;

    /// <summary>A signal came.</summary>
    /// <param name="Signal">Its number.</param>
    /// <param name="Stops">Whether it asks for the end of the service.</param>
    public sealed record Signalled(int Signal, bool Stops) : SupervisorEvent;
}

/// <summary>What a supervisor does.</summary>
internal abstract record SupervisorEffect
{
    private SupervisorEffect()
    {
    }

    /// <summary>Start a generation.</summary>
    /// <param name="LastGood">By the release that served before the one that keeps crashing, if one did.</param>
    public sealed record Start(bool LastGood) : SupervisorEffect;

    /// <summary>Send <see cref="SupervisorEvent.BackOffOver"/> after this time.</summary>
    public sealed record ArmBackOff(TimeSpan Delay) : SupervisorEffect;

    /// <summary>Pass a signal on.</summary>
    public sealed record Forward(int Pid, int Signal) : SupervisorEffect;

    /// <summary>A signal reaches nobody: no generation runs now.</summary>
    public sealed record ExplainLostSignal(int Signal) : SupervisorEffect;

    /// <summary>Tell of a crash.</summary>
    /// <param name="Pid">The process.</param>
    /// <param name="How">How it ended.</param>
    /// <param name="Crashes">Crashes in a row, this one included.</param>
    public sealed record NoteCrash(int Pid, ProcessExit How, int Crashes) : SupervisorEffect;

    /// <summary>Tell that the service cannot listen again on what root has opened for it.</summary>
    public sealed record NoteUnbindable : SupervisorEffect;

    /// <summary>End.</summary>
    public sealed record Exit(int Code) : SupervisorEffect;
}
