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

    /// <summary>Whether a process has this id and has not ended; a zombie has. It may be another than the one that was meant: ids are used again.</summary>
    internal static bool IsAlive(int pid)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(pid);
        if (Libc.Kill(pid, 0) < 0 && Marshal.GetLastPInvokeError() == Errno.ESRCH) return false; // EPERM: alive, and another user's
        try
        {
            // "pid (name) state ...", where the name may have any character.
            var stat = File.ReadAllText($"/proc/{pid}/stat");
            return stat[stat.LastIndexOf(')') + 2] is not ('Z' or 'X');
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
