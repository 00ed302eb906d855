using System.Runtime.InteropServices;

namespace Ips.Actors.Posix;

/// <summary>Signals to and deaths of other processes.</summary>
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
    internal static ProcessExit? TryReap(int pid)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(pid);
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
    internal static Task<ProcessExit> WaitAsync(int pid, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(pid);
        return cancellationToken.IsCancellationRequested ? Task.FromCanceled<ProcessExit>(cancellationToken) : ChildWait.Start(pid, cancellationToken);
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
    internal static long? StartedAt(int pid) => StatFields(pid) is { } fields ? long.Parse(fields[19], System.Globalization.CultureInfo.InvariantCulture) : null;

    /// <summary>The parent of a process; null if there is no such process.</summary>
    internal static int? ParentOf(int pid) => StatFields(pid) is { } fields ? int.Parse(fields[1], System.Globalization.CultureInfo.InvariantCulture) : null;

    // The fields after "pid (name) ", the state first; the name may have any character. See proc(5).
    private static string[]? StatFields(int pid)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{pid}/stat");
            return stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>Whether a process has this id and has not ended; a zombie has. It may be another than the one that was meant: ids are used again.</summary>
    internal static bool IsAlive(int pid)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(pid);
        if (Libc.Kill(pid, 0) < 0 && Marshal.GetLastPInvokeError() == Errno.ESRCH) return false; // EPERM: alive, and another user's
        try
        {
            // The state is the first thread's, which may have ended while others run; the number of threads is the 18th field behind the name.
            var stat = File.ReadAllText($"/proc/{pid}/stat");
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return fields[0] is not ("Z" or "X") || (fields[0] == "Z" && fields[17] is not ("0" or "1"));
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            // Gone since, or hidden by the mount option hidepid: ask again.
            return Libc.Kill(pid, 0) == 0 || Marshal.GetLastPInvokeError() != Errno.ESRCH;
        }
        catch (IOException e) when (e.HResult == Errno.ESRCH)
        {
            return false; // it ended between open and read
        }
    }
}
