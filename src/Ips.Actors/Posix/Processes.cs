using System.Runtime.InteropServices;

namespace Ips.Actors.Posix;

/// <summary>Signals to and deaths of other processes.</summary>
[SupportedOSPlatform("linux")]
internal static unsafe class Processes
{
    /// <summary>Sends a signal to one process. See kill(2).</summary>
    /// <param name="pid">Process id, 1 or more. 0 and negative ids mean process groups to kill(2), so they are refused.</param>
    /// <param name="signal">This platform's raw signal number; 0 only asks whether the process exists.</param>
    /// <returns>False if there is no such process (ESRCH): for a rollback the successor is then already gone.</returns>
    /// <exception cref="PosixException">Any other errno: EPERM, EINVAL.</exception>
    internal static bool TrySignal(int pid, int signal)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(pid);
        if (Libc.Kill(pid, signal) == 0) return true;
        var errno = Marshal.GetLastPInvokeError(); // read before any other call can overwrite it
        return errno == Errno.ESRCH ? false : throw new PosixException("kill", errno, $"process {pid} with {SignalNumbers.Name(signal)}");
    }

    /// <summary>Takes the status of a child that ended, and so ends it for good. Only one caller may wait for a child.</summary>
    /// <returns>Null while it runs; <see cref="ProcessExit.Unknown"/> if its status was taken before.</returns>
    /// <exception cref="PosixException">ECHILD: the process runs, but is no child of this one.</exception>
    /// <param name="pid">The child.</param>
    /// <param name="beforeReap">Runs when it has ended and before its status is taken: until then its PID, as that of its process group
    /// too, is nobody else's.</param>
    internal static ProcessExit? TryReap(int pid, Action? beforeReap = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(pid);
        if (beforeReap is not null)
        {
            if (!HasEnded(pid)) return null;
            beforeReap();
        }

        while (true)
        {
            int status;
            var reaped = Libc.WaitPid(pid, &status, Libc.WNOHANG);
            if (reaped == pid) return ProcessExit.FromWaitStatus(status);
            if (reaped == 0) return null;
            switch (Marshal.GetLastPInvokeError())
            {
                case Errno.EINTR: continue;
                case Errno.ECHILD when !IsAlive(pid): return ProcessExit.Unknown;
                case var errno: throw new PosixException("waitpid", errno, $"process {pid}");
            }
        }
    }

    /// <summary>Waits for a child's end and takes its status. Cancelled, it leaves the child unreaped.</summary>
    /// <remarks>On a thread of its own, which sleeps: a successor is started too seldom for anything cleverer to pay.</remarks>
    /// <exception cref="PosixException">As <see cref="TryReap"/>.</exception>
    internal static Task<ProcessExit> WaitAsync(int pid, CancellationToken cancellationToken, Action? beforeReap = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(pid);
        return cancellationToken.IsCancellationRequested
            ? Task.FromCanceled<ProcessExit>(cancellationToken) : ChildWait.Start(pid, beforeReap, cancellationToken);
    }

    /// <summary>Kills whatever is left of a process group. See kill(2).</summary>
    /// <param name="group">The group: the PID of the child that leads it, which must not have been reaped.</param>
    /// <exception cref="PosixException">Any errno but ESRCH (nobody is left) and EPERM (who is left is another user's).</exception>
    internal static void KillGroup(int group)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(group, 2); // -1 is everybody
        if (Libc.Kill(-group, SignalNumbers.SIGKILL) < 0 && Marshal.GetLastPInvokeError() is var errno and not (Errno.ESRCH or Errno.EPERM))
            throw new PosixException("kill", errno, $"process group {group} with SIGKILL");
    }

    /// <summary>Moves this process to another group of its session.</summary>
    /// <returns>False if that group has no member left, or this process leads its session: see setpgid(2).</returns>
    internal static bool TryJoinGroup(int group)
    {
        if (Libc.SetPgid(0, group) == 0) return true;
        var errno = Marshal.GetLastPInvokeError();
        return errno is Errno.EPERM or Errno.ESRCH ? false : throw new PosixException("setpgid", errno, $"group {group}");
    }

    /// <summary>The process group of a process; null if there is no such process.</summary>
    internal static int? GroupOf(int pid) => Libc.GetPgid(pid) is > 0 and var group ? group : null;

    /// <summary>The session of a process; null if there is no such process.</summary>
    internal static int? SessionOf(int pid) => Libc.GetSid(pid) is > 0 and var session ? session : null;

    /// <summary>The device number of a process's controlling terminal; 0 without one, null if there is no such process.</summary>
    internal static int? ControllingTerminalOf(int pid) => ProcStat.Of(pid)?.Terminal;

    private static bool HasEnded(int pid)
    {
        const int InfoSizeBytes = 128;
        var info = stackalloc byte[InfoSizeBytes];
        new Span<byte>(info, InfoSizeBytes).Clear();
        while (Libc.WaitId(Libc.P_PID, pid, info, Libc.WEXITED | Libc.WNOHANG | Libc.WNOWAIT) < 0)
        {
            var errno = Marshal.GetLastPInvokeError();
            if (errno == Errno.ECHILD) return true; // reaped by somebody else: waitpid says so
            if (errno != Errno.EINTR) throw new PosixException("waitid", errno, $"process {pid}");
        }

        return *(int*)info != 0; // si_signo: 0 while it runs
    }

    /// <summary>Sleeps until any child has ended, and takes its status.</summary>
    /// <returns>Null if there is no child. <c>StartedAt</c>: when it started, in clock ticks since boot.</returns>
    internal static (int Pid, long StartedAt, ProcessExit Exit)? WaitForAny()
    {
        const int InfoSizeBytes = 128, PidOffset = 12;
        var info = stackalloc byte[InfoSizeBytes];
        while (Libc.WaitId(Libc.P_ALL, 0, info, Libc.WEXITED | Libc.WNOWAIT) < 0)
        {
            var errno = Marshal.GetLastPInvokeError();
            if (errno == Errno.ECHILD) return null;
            if (errno != Errno.EINTR) throw new PosixException("waitid", errno);
        }

        // Not yet reaped, so the id and what /proc says of it are still its own. siginfo_t is padded to 16 on 64-bit systems.
        var pid = *(int*)(info + (nint.Size == 8 ? 16 : PidOffset));
        var startedAt = StartedAt(pid) ?? 0;
        return (pid, startedAt, TryReap(pid) ?? ProcessExit.Unknown);
    }

    /// <summary>When a process started, in clock ticks since boot; null if there is none.</summary>
    internal static long? StartedAt(int pid) => ProcStat.Of(pid)?.StartTicks;

    /// <summary>The parent of a process; null if there is no such process.</summary>
    internal static int? ParentOf(int pid) => ProcStat.Of(pid)?.Parent;

    /// <summary>The effective user of a process; null if there is no such process.</summary>
    internal static uint? UserOf(int pid)
    {
        try
        {
            var line = File.ReadLines($"/proc/{pid}/status").FirstOrDefault(line => line.StartsWith("Uid:", StringComparison.Ordinal));
            return line is null ? null : uint.Parse(line.Split('\t')[2], System.Globalization.CultureInfo.InvariantCulture);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Whether a process has this id and has not ended; a zombie has. It may be another than the one that was meant: ids are used
    /// again.</summary>
    internal static bool IsAlive(int pid)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(pid);
        if (Libc.Kill(pid, 0) < 0 && Marshal.GetLastPInvokeError() == Errno.ESRCH) return false; // EPERM: alive, and another user's
        if (ProcStat.Of(pid) is { } stat) return !stat.HasEnded;
        // Gone since, or hidden by the mount option hidepid: ask again.
        return Libc.Kill(pid, 0) == 0 || Marshal.GetLastPInvokeError() != Errno.ESRCH;
    }
}

/// <summary>How a process ended.</summary>
/// <param name="Code">Its exit code, from 0 to 255; 0 if a signal ended it; -1 if it is no longer known.</param>
/// <param name="Signal">The signal that ended it; 0 if it exited.</param>
[SupportedOSPlatform("linux")]
internal readonly record struct ProcessExit(int Code, int Signal)
{
    /// <summary>It ended, but someone else took its status.</summary>
    internal static readonly ProcessExit Unknown = new(-1, 0);

    /// <summary>From the status of waitpid(2).</summary>
    internal static ProcessExit FromWaitStatus(int status) =>
        (status & 0x7F) == 0 ? new(status >> 8 & 0xFF, 0) : new(0, status & 0x7F);

    public override string ToString() =>
        this == Unknown ? "ended with an unknown status" : Signal == 0 ? $"exited with {Code}"
            : $"killed by {SignalNumbers.Name(Signal)} ({Signal})";
}
