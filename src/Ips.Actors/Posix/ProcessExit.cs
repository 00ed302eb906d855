namespace Ips.Actors.Posix;

/// <summary>How a process ended.</summary>
/// <param name="Code">Its exit code, from 0 to 255; 0 if a signal ended it; -1 if nobody can tell any more.</param>
/// <param name="Signal">The signal that ended it; 0 if it exited.</param>
internal readonly record struct ProcessExit(int Code, int Signal)
{
    /// <summary>It ended, but someone else took its status.</summary>
    internal static readonly ProcessExit Unknown = new(-1, 0);

    /// <summary>From the status of waitpid(2).</summary>
    internal static ProcessExit FromWaitStatus(int status) =>
        (status & 0x7F) == 0 ? new(status >> 8 & 0xFF, 0) : new(0, status & 0x7F);

    public override string ToString() =>
        this == Unknown ? "ended with an unknown status" : Signal == 0 ? $"exited with {Code}" : $"killed by {SignalNumbers.Name(Signal)} ({Signal})";
}
