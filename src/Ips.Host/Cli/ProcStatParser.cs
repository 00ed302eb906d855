using System.Globalization;

namespace Ips.Host.Cli;

/// <summary>A process at one moment.</summary>
/// <param name="State">The letter of its state; <c>Z</c> is a zombie.</param>
/// <param name="StartTicks">When it started, in clock ticks since boot: with the PID this tells one process from the next of the same number.</param>
/// <param name="Threads">Its threads that have not ended; the first one counts while it is a zombie.</param>
internal readonly record struct ProcStat(char State, long StartTicks, int Threads)
{
    /// <summary>Whether it has ended, and only waits for its parent. The state is the first thread's: that may have ended while others run.</summary>
    internal bool HasEnded => State is 'X' || (State is 'Z' && Threads <= 1);
}

/// <summary>Reads <c>/proc/PID/stat</c>. Pure. See proc_pid_stat(5).</summary>
internal static class ProcStatParser
{
    private const int StateIndex = 0, ThreadsIndex = 17, StartIndex = 19; // fields 3, 20 and 22, counted from the one behind the name

    /// <summary>The process; null if the text is not of the known form.</summary>
    internal static ProcStat? Parse(string text)
    {
        // The name stands in brackets and may itself contain brackets and spaces.
        var end = text.LastIndexOf(')');
        if (end < 0) return null;
        var fields = text[(end + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return fields.Length > StartIndex && fields[StateIndex].Length == 1
            && long.TryParse(fields[StartIndex], NumberStyles.None, CultureInfo.InvariantCulture, out var start)
            && int.TryParse(fields[ThreadsIndex], NumberStyles.None, CultureInfo.InvariantCulture, out var threads)
            ? new(fields[StateIndex][0], start, threads) : null;
    }
}
