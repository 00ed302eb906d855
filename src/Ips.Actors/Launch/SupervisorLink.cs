using Ips.Actors.Handover;
using Ips.Actors.Lifecycle;
using Ips.Actors.Posix;

namespace Ips.Actors.Launch;

/// <summary>A generation's way to the supervisor that it runs under. Each successor inherits it. May be called from any
/// thread.</summary>
/// <remarks>The parent holds copies of the listening sockets, so each change must be reported to it: a copy that it kept for too long would
/// let clients connect to a service that is gone.</remarks>
[SupportedOSPlatform("linux")]
internal sealed class SupervisorLink
{
    /// <summary>The descriptor's number in a generation; 3 to 7 are the handover's.</summary>
    public const int TargetFd = 8;

    /// <summary>Most endpoints of a packet, which takes the control socket as well.</summary>
    internal const int MaxEndpoints = FdPassing.MaxDescriptors - 1;

    private const int SendTimeoutMs = 1000;

    private readonly Lock _gate = new();
    private MainFrame? _main;
    private Func<(IReadOnlyList<(EndpointOffer Offer, int Fd)> Sockets, int? ControlFd)>? _held;

    private SupervisorLink(int fd) => Fd = fd;

    /// <summary>The socket, for the spawn of a successor.</summary>
    public int Fd { get; }

    /// <summary>Takes the descriptor out of the environment, so that nothing but a successor gets it.</summary>
    /// <returns>Null if no supervisor is there.</returns>
    public static SupervisorLink? Claim() =>
        HandoverVariables.ToDescriptor(HandoverVariables.Take(HandoverVariables.SupervisorFd)) is { } fd ? new SupervisorLink(fd) : null;

    /// <summary>Says that this generation has begun.</summary>
    public void Join(int generation) => Send(new JoinedFrame(Environment.ProcessId, generation));

    /// <summary>Says that this generation is the main process.</summary>
    /// <param name="generation">Its number.</param>
    /// <param name="pidFile">The PID file.</param>
    /// <param name="release">How it is started.</param>
    /// <param name="environmentFile">The file that a reload reads into the environment.</param>
    /// <param name="held">The sockets as they are at the time of the call; asked again by <see cref="SocketsChanged"/>.</param>
    public void BecomeMain(
        int generation, string pidFile, LastGoodRelease release, string? environmentFile,
        Func<(IReadOnlyList<(EndpointOffer Offer, int Fd)> Sockets, int? ControlFd)> held)
    {
        lock (_gate)
        {
            _main = new MainFrame(Environment.ProcessId, generation, pidFile, [], false, release, environmentFile);
            _held = held;
            SendMain();
        }
    }

    /// <summary>A socket was opened or closed while this generation serves.</summary>
    public void SocketsChanged()
    {
        lock (_gate) SendMain();
    }

    /// <summary>The successor is the main process: what happens here is no business of the parent's any more.</summary>
    public void Yield()
    {
        lock (_gate) _main = null;
    }

    /// <summary>The listening sockets were closed for good.</summary>
    public void Release()
    {
        lock (_gate)
        {
            if (_main is null) return;
            _main = null;
            Send(new ReleasedFrame(Environment.ProcessId));
        }
    }

    private void SendMain()
    {
        if (_main is not { } main) return;
        var (sockets, controlFd) = _held!();
        // More endpoints than a packet takes are bound anew after a crash.
        List<int> fds = [.. sockets.Take(MaxEndpoints).Select(socket => socket.Fd)];
        if (controlFd is { } fd) fds.Add(fd);
        Send(main with { Endpoints = [.. sockets.Take(MaxEndpoints).Select(socket => socket.Offer)], Control = controlFd is not null },
            [.. fds]);
    }

    private void Send(SupervisorFrame frame, ReadOnlySpan<int> fds = default)
    {
        var packet = frame.Encode();
        var waited = false;
        try
        {
            while (!FdPassing.TrySend(Fd, packet, fds))
            {
                if (waited) return; // a parent that was stopped (SIGSTOP): it goes on with what it knows
                waited = true;
                Span<PollEntry> entries = [new(Fd, PollEvents.Writable)];
                Poll.Wait(entries, SendTimeoutMs);
            }
        }
        catch (PosixException e) when (e.Errno is Errno.EPIPE or Errno.ECONNRESET or Errno.ENOTSOCK)
        {
            // The parent was killed. The service does not need it.
        }
        catch (PosixException e) when (e.Errno == Errno.EBADF)
        {
            // A socket was closed by the app while this list was made: SocketsChanged follows with a new one.
        }
    }
}
