using System.Globalization;

namespace Ips.Actors.Posix;

/// <summary>A process at one moment: what <c>/proc/PID/stat</c> says. See proc_pid_stat(5).</summary>
/// <param name="State">The letter of its state; <c>Z</c> is a zombie.</param>
/// <param name="Parent">Its parent.</param>
/// <param name="Terminal">The device number of its controlling terminal; 0 without one.</param>
/// <param name="StartTicks">When it started, in clock ticks since boot: with the PID this tells one process from the next of the same
/// number.</param>
/// <param name="Threads">Its threads that have not ended; the first one counts while it is a zombie.</param>
[SupportedOSPlatform("linux")]
internal readonly record struct ProcStat(char State, int Parent, int Terminal, long StartTicks, int Threads)
{
    // Counted from the field behind the name.
    private const int StateIndex = 0, ParentIndex = 1, TerminalIndex = 4, ThreadsIndex = 17, StartIndex = 19;

    /// <summary>Whether it has ended, and only waits for its parent. The state is the first thread's: that may have ended while others
    /// run.</summary>
    internal bool HasEnded => State is 'X' || (State is 'Z' && Threads <= 1);

    /// <summary>The process of this id; null if there is none, or it is another user's and hidden by the mount option hidepid.</summary>
    internal static ProcStat? Of(int pid)
    {
        try
        {
            return Parse(File.ReadAllText($"/proc/{pid}/stat"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException) // ESRCH too: it ended between open and read
        {
            return null;
        }
    }

    /// <summary>Reads the text; null if it is not of the known form.</summary>
    internal static ProcStat? Parse(string text)
    {
        // The name stands in brackets and may itself contain brackets and spaces.
        var end = text.LastIndexOf(')');
        if (end < 0) return null;
        var fields = text[(end + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return fields.Length > StartIndex && fields[StateIndex].Length == 1
            && int.TryParse(fields[ParentIndex], NumberStyles.None, CultureInfo.InvariantCulture, out var parent)
            && int.TryParse(fields[TerminalIndex], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var terminal)
            && long.TryParse(fields[StartIndex], NumberStyles.None, CultureInfo.InvariantCulture, out var start)
            && int.TryParse(fields[ThreadsIndex], NumberStyles.None, CultureInfo.InvariantCulture, out var threads)
            ? new(fields[StateIndex][0], parent, terminal, start, threads) : null;
    }
}
