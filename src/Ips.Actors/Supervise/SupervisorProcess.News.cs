using Ips.Actors.Launch;
using Ips.Actors.Posix;

namespace Ips.Actors.Supervise;

/// <summary>What the generations say, and who of them is heard: a process that descends from this one, acts as the same user and speaks of
/// itself. Whatever else
/// comes is ignored, and logged as far as the log is not theirs to fill.</summary>
internal sealed partial class SupervisorProcess
{
    private const int LinesAtOnce = 20;
    private static readonly TimeSpan LineInterval = TimeSpan.FromSeconds(5);

    private readonly AutoResetEvent _heard = new(false);
    private readonly Pace _lines = new(LinesAtOnce, LineInterval);
    private readonly Pace _followLines = new(LinesAtOnce, LineInterval); // of their own: what is ignored hides no reload
    private int _unlogged; // packets that were ignored without a line

    // The bytes are read until this returns: the next packet waits in the kernel. What is not kept is closed on that thread, as a close may
    // wait (SO_LINGER).
    private NewsSocket OpenNews()
    {
        NewsSocket? news = null;
        news = new NewsSocket(
            (packet, bytes) =>
            {
                var kept = false;
                _inbox.Add(() =>
                {
                    OnNews(packet, bytes);
                    kept = ReferenceEquals(_held.Descriptors, packet.Fds);
                    _heard.Set();
                });
                _heard.WaitOne();
                if (kept) return;
                foreach (var fd in packet.Fds) FileDescriptors.Close(fd);
            },
            reason => _inbox.Add(() =>
            {
                news!.End();
                _log.ChannelEnded(reason ?? "a generation has shut it down");
            }));
        news.Start();
        return news;
    }

    private void RenewNews()
    {
        if (!_news.HasEnded) return;
        var next = OpenNews();
        _news.Dispose();
        _news = next;
    }

    private void OnNews(SenderPacket packet, ReadOnlyMemory<byte> bytes)
    {
        try
        {
            if (Hear(packet, bytes.Span) is { } fault) Ignore(packet.Sender, fault);
        }
#pragma warning disable CA1031 // no packet ends the supervisor
        catch (Exception e)
#pragma warning restore CA1031
        {
            Ignore(packet.Sender, $"it could not be acted on: {e.Message}");
        }
    }

    // What is wrong with the packet; null if it was acted on.
    private string? Hear(SenderPacket packet, ReadOnlySpan<byte> bytes)
    {
        if (packet.Loss == PacketLoss.Bytes) return $"it has more than {PacketChannel.MaxPacketSizeBytes} bytes";
        var lost = packet.Loss == PacketLoss.Descriptors;
        if (SupervisorFrame.TryDecode(bytes) is not { } frame) return $"its {bytes.Length} bytes are no frame that this build knows";
        var fault = SupervisorRules.FaultOf(frame, packet.Fds.Count, lost) ?? FaultOfSockets(frame, packet.Fds)
            ?? Admit(packet.Sender, frame.Subject);
        if (fault is not null) return fault;
        switch (frame)
        {
            case MainFrame main:
                // Of a restart by us nothing new is learned: the release that a person put in place before is the one to go back to.
                if (main.Pid != _startedPid && _held.Main is { } former
                    && former.Release.FileName + string.Join(' ', former.Release.Arguments)
                    != main.Release.FileName + string.Join(' ', main.Release.Arguments))
                {
                    _previous = former.Release;
                }

                var isNew = _held.Main?.Pid != main.Pid;
                if (!_files.ContainsKey(main.Pid)) _files[main.Pid] = ReleaseFiles.Take(main.Release.FileName, main.Release.Arguments);
                _held.Replace(main, packet.Fds);
                Apply(new SupervisorEvent.BecameMain(main.Pid, main.Generation, Now));
                WatchUnrelated(main.Pid);
                if (lost) _log.SocketsLost(main.Pid);
                if (isNew && _followLines.TryTake(Now)) _log.Follows(main.Generation, main.Pid, _held.Listening.Count);
                break;
            case JoinedFrame joined:
                Apply(new SupervisorEvent.Joined(joined.Pid, joined.Generation));
                break;
            case ReleasedFrame released:
                if (released.Pid == _state.Main) _held.Release();
                Apply(new SupervisorEvent.Released(released.Pid));
                break;
        }

        return null;
    }

    private string? Admit(PacketSender sender, int pid)
    {
        if (_generations.IsFull) ForgetEnded();
        return _generations.Admit(sender, pid);
    }

    // Generations whose predecessors have waited for them: no process reports their end.
    private void ForgetEnded()
    {
        var alive = _generations.Alive;
        var ended = _state.Known.Keys.Where(pid => !alive.Contains(pid) && pid != _state.Main && pid != _state.Starting).ToList();
        ended.ForEach(pid => OnEnded(pid, ProcessExit.Unknown));
        KeepKnown();
    }

    private static string? FaultOfSockets(SupervisorFrame frame, IReadOnlyList<int> fds)
    {
        if (frame is not MainFrame main || fds.Count == 0) return null;
        var other = fds.Take(main.Endpoints.Count).Any(fd => !ListeningSockets.IsListening(fd) || !ListeningSockets.IsStream(fd));
        return other ? "a descriptor of an endpoint is no stream socket that listens"
            : main.Control && !ListeningSockets.IsListeningUnix(fds[main.Endpoints.Count])
                ? "the descriptor of the control socket is no Unix socket that listens" : null;
    }

    private void Ignore(PacketSender sender, string reason)
    {
        if (!_lines.TryTake(Now))
        {
            _unlogged++;
            return;
        }

        _log.PacketIgnored(sender.Pid, sender.UserId, reason, _unlogged);
        _unlogged = 0;
    }
}
