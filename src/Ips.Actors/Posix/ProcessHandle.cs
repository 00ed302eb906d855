using System.Runtime.InteropServices;

namespace Ips.Actors.Posix;

/// <summary>Holds on to one process that need not be a child: a later process with the same PID is never taken for it. See
/// pidfd_open(2).</summary>
/// <remarks>Where there is no pidfd (kernels before 5.3, some sandboxes), PID and start time are compared just before each use.</remarks>
[SupportedOSPlatform("linux")]
internal sealed class ProcessHandle : IDisposable
{
    private const int FallbackIntervalMs = 50;

    private readonly int _pid;
    private readonly long _startedAt;
    private readonly int _fd;
    private bool _disposed;

    private ProcessHandle(int pid, long startedAt, int fd) => (_pid, _startedAt, _fd) = (pid, startedAt, fd);

    /// <summary>Takes hold of a process.</summary>
    /// <param name="pid">Its id.</param>
    /// <param name="startedAt">When it started, see <see cref="Processes.StartedAt"/>.</param>
    /// <returns>Null if it has ended.</returns>
    internal static ProcessHandle? TryOpen(int pid, long startedAt)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(pid);
        var fd = (int)Libc.Syscall(Libc.SYS_pidfd_open, pid, 0, 0, 0, 0); // comes with FD_CLOEXEC; negative: see the remarks
        var handle = new ProcessHandle(pid, startedAt, fd);
        // Compared after the open: if the process is the right one now, what the pidfd names is.
        if (handle.IsSame() && !handle.HasEnded) return handle;
        handle.Dispose();
        return null;
    }

    /// <summary>Takes hold of the process that connected a Unix socket. Kernels before 6.5 do not tell of it by a pidfd: there a peer that
    /// is still connected after its PID was opened is taken for the one that connected.</summary>
    /// <param name="socket">The accepted socket.</param>
    /// <param name="pid">Its peer's PID, 1 or more.</param>
    /// <returns>Null if it has ended, or cannot be seen from here.</returns>
    internal static ProcessHandle? TryOpenPeer(int socket, int pid)
    {
        if (Processes.StartedAt(pid) is not { } startedAt) return null;
        if (SocketOptions.TryGetPeerPidFd(socket) is { } fd)
        {
            FileDescriptors.SetCloseOnExec(fd);
            var handle = new ProcessHandle(pid, startedAt, fd);
            if (!handle.HasEnded) return handle;
            handle.Dispose();
            return null;
        }

        var opened = TryOpen(pid, startedAt);
        Span<PollEntry> entries = [new(socket, PollEvents.None)]; // a hang-up is told without being asked for
        if (opened is null || Poll.Wait(entries, 0) == 0) return opened;
        opened.Dispose();
        return null;
    }

    /// <summary>Whether it has ended; a zombie has.</summary>
    internal bool HasEnded
    {
        get
        {
            if (_fd < 0) return !IsSame() || !Processes.IsAlive(_pid);
            Span<PollEntry> entries = [new(_fd, PollEvents.Readable)];
            return Poll.Wait(entries, 0) > 0;
        }
    }

    /// <summary>Sends a signal, unless it has ended.</summary>
    /// <exception cref="PosixException">EPERM: this user may not.</exception>
    internal void Signal(int signal)
    {
        if (_fd < 0)
        {
            if (IsSame()) Processes.TrySignal(_pid, signal);
            return;
        }

        if (Libc.Syscall(Libc.SYS_pidfd_send_signal, _fd, signal, 0, 0, 0) < 0
            && Marshal.GetLastPInvokeError() is var errno and not Errno.ESRCH)
            throw new PosixException("pidfd_send_signal", errno, $"process {_pid} with {SignalNumbers.Name(signal)}");
    }

    /// <summary>Waits for its end.</summary>
    /// <returns>Whether it ended within the limit.</returns>
    internal bool WaitForEnd(TimeSpan limit)
    {
        var start = TimeProvider.System.GetTimestamp();
        while (!HasEnded)
        {
            var left = limit - TimeProvider.System.GetElapsedTime(start);
            if (left <= TimeSpan.Zero) return false;
            Span<PollEntry> entries = [new(_fd, PollEvents.Readable)]; // a negative one is skipped
            Poll.Wait(entries, (int)Math.Min(Math.Ceiling(left.TotalMilliseconds), _fd < 0 ? FallbackIntervalMs : int.MaxValue));
        }

        return true;
    }

    public void Dispose()
    {
        if (_disposed) return;
        _disposed = true;
        if (_fd >= 0) FileDescriptors.Close(_fd);
    }

    private bool IsSame() => Processes.StartedAt(_pid) == _startedAt;
}
