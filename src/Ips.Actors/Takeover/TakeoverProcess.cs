using Ips.Actors.Handover;
using Ips.Actors.Lifecycle;
using Ips.Actors.Posix;
using Microsoft.Extensions.Logging;

namespace Ips.Actors.Takeover;

/// <summary>A takeover process as a successor: not our child, perhaps of another user, perhaps of another PID namespace.</summary>
/// <remarks>
/// Its end is seen by a pidfd; where there is none, as for a PID that this namespace does not have, by the end of the channel. It is
/// signalled only by that pidfd. One that may not or cannot be signalled is let go by closing the channel: it was told to stop before, and
/// reads that first.
/// </remarks>
[SupportedOSPlatform("linux")]
internal sealed class TakeoverProcess : ITakeoverProcess
{
    private static readonly TimeSpan FlushTimeout = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LeaveTimeout = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan WatchInterval = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly TaskCompletionSource<ProcessExit> _exited = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _peerGone = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly PeerIdentity _peer;
    private readonly HandoverChannel _channel;
    private readonly ILogger _log;
    private ProcessHandle? _handle;
    private int _helloPid;
    private bool _disposed;

    /// <param name="fd">The accepted socket; owned from here on, also if this throws.</param>
    /// <param name="log">Told if the process is out of reach.</param>
    /// <exception cref="PosixException">No descriptor is left.</exception>
    public TakeoverProcess(int fd, ILogger log)
    {
        _log = log;
        try
        {
            HandoverSockets.Prepare(fd);
            _peer = PeerIdentity.Of(fd);
            _handle = _peer.Pid > 0 ? ProcessHandle.TryOpenPeer(fd, _peer.Pid) : null;
        }
        catch
        {
            FileDescriptors.Close(fd);
            throw;
        }

        var watched = _handle is not null;
        _channel = new HandoverChannel(fd, onPeerGone: () => OnPeerGone(watched));
        if (watched) new Thread(Watch, maxStackSize: 256 * 1024) { IsBackground = true, Name = "ips-takeover" }.Start();
    }

    /// <summary>Who it is.</summary>
    public PeerIdentity Peer => _peer;

    /// <summary>Its PID here; one that this namespace does not have, as it names itself: for people, nothing is done by it.</summary>
    public int Pid => _peer.Pid > 0 ? _peer.Pid : _helloPid;

    public IHandoverChannel Channel => _channel;

    public Task<ProcessExit> Exited => _exited.Task;

    /// <summary>Waits for its first word, which whoever subscribes later gets as well.</summary>
    /// <exception cref="IOException">It was none, or no hello.</exception>
    /// <exception cref="TimeoutException">None came.</exception>
    public async Task<HelloFrame> WaitForHelloAsync(TimeSpan timeout)
    {
        switch (await _channel.First.WaitAsync(timeout).ConfigureAwait(false))
        {
            case ChannelEvent.Received { Frame: HelloFrame hello }:
                _helloPid = hello.Pid;
                return hello;
            case ChannelEvent.Received { Frame: var other }:
                throw new IOException($"it began with {other.GetType().Name}");
            case ChannelEvent.Closed { Error: { } error }:
                throw new IOException(error);
            default:
                throw new IOException("it closed the connection");
        }
    }

    public void Refuse(string reason)
    {
        _channel.TrySend(new RefusedFrame(reason));
        _ = LeaveAsync();
    }

    public void Signal(int signal)
    {
        string? reason = null;
        lock (_gate)
        {
            if (_exited.Task.IsCompleted) return;
            try
            {
                if (_handle is { } handle) handle.Signal(signal);
                else reason = "its process is not seen from here";
            }
            catch (PosixException e) when (e.Errno == Errno.EPERM)
            {
                reason = "it is another user's";
            }
        }

        if (reason is null) return;
        _log.OutOfReach(_peer.ToString(), reason);
        _channel.Dispose();
        _exited.TrySetResult(ProcessExit.Unknown);
    }

    public void Dispose()
    {
        lock (_gate) _disposed = true;
        _channel.Dispose();
    }

    // The refusal is to be read before the end of the channel is; but who does not leave is not waited for.
    private async Task LeaveAsync()
    {
        try
        {
            await _channel.FlushAsync(FlushTimeout).ConfigureAwait(false);
            await _peerGone.Task.WaitAsync(LeaveTimeout).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or TimeoutException)
        {
            _log.Silent(_peer.ToString(), $"it did not leave when it was refused ({e.Message})");
        }
        finally
        {
            Dispose();
        }
    }

    private void OnPeerGone(bool watched)
    {
        _peerGone.TrySetResult();
        if (!watched) _exited.TrySetResult(ProcessExit.Unknown);
    }

    private void Watch()
    {
        var handle = _handle!; // set before this thread was started, and disposed of by it alone
        while (!handle.WaitForEnd(WatchInterval))
        {
            lock (_gate)
            {
                if (!_disposed) continue;
                _handle = null;
            }

            handle.Dispose();
            return;
        }

        lock (_gate) _handle = null;
        _exited.TrySetResult(ProcessExit.Unknown); // only its parent is told its status
        handle.Dispose();
    }
}
