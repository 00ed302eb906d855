using Ips.Actors.Files;
using Ips.Actors.Handover;
using Ips.Actors.Launch;
using Ips.Actors.Posix;

namespace Ips.Actors.Supervise;

/// <summary>Hands the held sockets to a generation that is restarted after a crash. It plays the predecessor in the handover protocol:
/// whatever
/// release is started understands it, and one that fails leaves the sockets, and the paths of Unix sockets, as they are.</summary>
/// <remarks>The frames are acted on by the channel's own thread.</remarks>
[SupportedOSPlatform("linux")]
internal sealed class RestartHandover : IDisposable
{
    private static readonly TimeSpan FlushTimeout = TimeSpan.FromSeconds(1);

    private readonly HandoverChannel _channel;
    private readonly MainFrame _main;
    private readonly IReadOnlyList<int> _listening;
    private readonly int? _control;
    private readonly LockFile? _lock;
    private readonly TaskCompletionSource<bool> _over = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Stage _stage = Stage.Hello;
    private int _disposed;

    // What may come next. Anything else, but a report or a failure, ends the channel: it is no release that can be handed anything.
    private enum Stage
    {
        Hello,
        Ready,
        Promoted,
        Over,
    }

    /// <param name="fd">This end of the channel; owned from here on.</param>
    /// <param name="held">The sockets; only read, here and now.</param>
    /// <param name="generation">The number of the generation that is started.</param>
    /// <param name="lockFd">The lock of the PID file, if this process has a share of it; only read, here and now. Null: nobody has it but
    /// who is dead.</param>
    /// <exception cref="PosixException">No descriptor is left.</exception>
    public RestartHandover(int fd, HeldSockets held, int generation, int? lockFd = null)
    {
        _main = held.Main! with { Generation = generation };
        _channel = new HandoverChannel(fd);
        List<int> duplicates = [];
        try
        {
            foreach (var listening in held.Listening) duplicates.Add(FileDescriptors.DuplicateHigh(listening));
            _control = held.Control is { } control ? FileDescriptors.DuplicateHigh(control) : null;
            // Nobody else may be the main process meanwhile. Where another daemon was faster, the restarted one goes without and says so.
            _lock = lockFd is { } shared ? LockFile.Adopt(FileDescriptors.DuplicateHigh(shared))
                : _main.PidFile is "" ? null : LockFile.TryAcquire(RuntimeFiles.LockOf(_main.PidFile));
        }
        catch
        {
            duplicates.ForEach(FileDescriptors.Close);
            if (_control is { } control) FileDescriptors.Close(control);
            _channel.Dispose();
            throw;
        }

        _listening = duplicates;
        _channel.Subscribe(OnEvent);
    }

    /// <summary>Completes when the generation serves (true), or its channel has ended before (false).</summary>
    public Task<bool> Over => _over.Task;

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0) return;
        _channel.Dispose();
        _lock?.Dispose();
        foreach (var fd in _listening) FileDescriptors.Close(fd);
        if (_control is { } control) FileDescriptors.Close(control);
    }

    private void OnEvent(ChannelEvent channelEvent)
    {
        if (channelEvent is not ChannelEvent.Received received)
        {
            _over.TrySetResult(false); // its exit is seen by the wait for it
            return;
        }

        HandoverChannel.CloseDescriptors(received);
        switch (received.Frame)
        {
            case HelloFrame hello when _stage == Stage.Hello:
                Answer(hello);
                break;
            case ReadyFrame when _stage == Stage.Ready:
                // Nobody could take the role back, so there is no probation.
                _stage = Stage.Promoted;
                _channel.TrySend(new ServeFrame());
                _channel.TrySend(new PromoteFrame());
                break;
            case PromotedFrame when _stage == Stage.Promoted:
                _stage = Stage.Over;
                _channel.TrySend(new FarewellFrame(0, 0));
                // The lock is that generation's alone from here on: it ends with it.
                _ = _channel.FlushAsync(FlushTimeout).ContinueWith(
                    _ =>
                    {
                        Dispose();
                        _over.TrySetResult(true);
                    },
                    TaskScheduler.Default);
                break;
            case HelloFrame or ReadyFrame or PromotedFrame when _stage != Stage.Over:
                _stage = Stage.Over;
                _over.TrySetResult(false);
                _channel.Dispose();
                break;
        }
    }

    private void Answer(HelloFrame hello)
    {
        if (HandoverVersion.Choose(hello) is not { } version)
        {
            _stage = Stage.Over;
            _channel.TrySend(new RefusedFrame(
                $"it speaks handover versions {hello.Min} to {hello.Max}, the supervisor {HandoverVersion.Min} to {HandoverVersion.Max}"));
            return;
        }

        _stage = Stage.Ready;
        List<int> fds = [.. _listening];
        if (_lock is not null) fds.Add(_lock.Fd);
        if (_control is { } control) fds.Add(control);
        _channel.TrySend(
            new WelcomeFrame(version, _main.Generation, _main.Endpoints, _lock is not null, _control is not null, HealthIntervalMs: 1000,
                PidFile: _main.PidFile),
                [.. fds]);
    }
}
