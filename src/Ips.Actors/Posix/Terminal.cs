namespace Ips.Actors.Posix;

/// <summary>The terminal that this process was started from, if any.</summary>
[SupportedOSPlatform("linux")]
internal static class Terminal
{
    /// <summary>Whether stdin, stdout or stderr is this session's terminal with this process's group in its foreground: there ^C reaches
    /// it.</summary>
    internal static bool HasForegroundTerminal()
    {
        for (var fd = 0; fd <= 2; fd++)
        {
            if (ForegroundProcessGroup(fd) == ProcessAttributes.ProcessGroup) return true;
        }

        return false;
    }

    /// <summary>Whether this process has a controlling terminal: its session was not started without one, and it was not hung up.</summary>
    internal static bool IsControlling => Processes.ControllingTerminalOf(Environment.ProcessId) is not (null or 0);

    /// <summary>The process group in the terminal's foreground; null if the descriptor is not this session's terminal, or has none. See
    /// tcgetpgrp(3).</summary>
    internal static int? ForegroundProcessGroup(int fd) => Libc.TcGetPgrp(fd) is > 0 and var group ? group : null;
}
