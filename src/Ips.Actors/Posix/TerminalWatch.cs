namespace Ips.Actors.Posix;

/// <summary>Tells a SIGHUP that comes with the end of this session's terminal from one that somebody sends: a shell passes the former on
/// by kill(2), so its
/// sender says nothing.</summary>
/// <remarks>A thread sleeps in poll(2) on the terminal. A SIGHUP counts as the terminal's own while the hang-up is not longer ago than
/// <see cref="Window"/>;
/// a process that has outlived its terminal takes a later one as any other.</remarks>
[SupportedOSPlatform("linux")]
internal sealed class TerminalWatch : IDisposable
{
    /// <summary>How long after the hang-up the shell, and then the kernel at the shell's end, may send their SIGHUP.</summary>
    internal static readonly TimeSpan Window = TimeSpan.FromSeconds(5);

    private const int StackSizeBytes = 128 * 1024;
    private const string ControllingTerminal = "/dev/tty";

    private readonly Lock _gate = new();
    private readonly TimeProvider _time;
    private readonly int _fd;
    private long? _hungUpAt;
    private int _started;

    private TerminalWatch(int fd, TimeProvider time) => (_fd, _time) = (fd, time);

    /// <summary>Opens the terminal. Until <see cref="Start"/>, a hang-up counts from the first <see cref="IsHangup"/> on.</summary>
    /// <returns>Null if this process has no controlling terminal.</returns>
    internal static TerminalWatch? TryOpen()
    {
        if (!Terminal.IsControlling) return null;
        try
        {
            // Nothing is read, so a process in the background may do this as well.
            return Of(FileDescriptors.Open(ControllingTerminal, Libc.O_RDONLY | Libc.O_NOCTTY), TimeProvider.System);
        }
        catch (PosixException e) when (e.Errno is Errno.ENXIO or Errno.EIO or Errno.ENOENT or Errno.EACCES)
        {
            return null; // gone meanwhile, or not to be opened by this user
        }
    }

    internal static TerminalWatch Of(int terminal, TimeProvider time) => new(terminal, time);

    /// <summary>Begins to watch, at the first call, until the process ends.</summary>
    internal void Start()
    {
        if (Interlocked.Exchange(ref _started, 1) == 0)
            new Thread(Run, StackSizeBytes) { IsBackground = true, Name = "ips-terminal" }.Start();
    }

    /// <summary>Closes the terminal, unless it is watched.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _started, 1) == 0) FileDescriptors.Close(_fd);
    }

    /// <summary>Whether a SIGHUP of now is the end of the terminal.</summary>
    internal bool IsHangup()
    {
        Look(0); // the signal may be faster than the thread
        lock (_gate) return _hungUpAt is { } at && _time.GetElapsedTime(at) <= Window;
    }

    private void Run()
    {
        while (!Look(-1))
        {
        }
    }

    private bool Look(int timeoutMs)
    {
        Span<PollEntry> entries = [new(_fd, PollEvents.None)]; // a hang-up is told without being asked for
        Poll.Wait(entries, timeoutMs);
        if ((entries[0].Returned & PollEvents.HungUp) == 0) return false;
        lock (_gate) _hungUpAt ??= _time.GetTimestamp();
        return true;
    }
}
