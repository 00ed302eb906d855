using Ips.Actors.Posix;

namespace Ips.Actors.Handover;

/// <summary>What arrives on a channel: a frame, or its end.</summary>
internal abstract record ChannelEvent
{
    private ChannelEvent()
    {
    }

    /// <summary>A frame; the receiver owns the descriptors. Connections come without any if this process had no room for all of
    /// them.</summary>
    public sealed record Received(HandoverFrame Frame, IReadOnlyList<int> Fds) : ChannelEvent;

    /// <summary>The last event. <paramref name="Error"/> is null when the peer closed.</summary>
    public sealed record Closed(string? Error) : ChannelEvent;
}

/// <summary>
/// Frames over a connected SOCK_SEQPACKET pair. Events wait until someone subscribes, and go to the newest subscriber,
/// so that an actor which restarts misses none.
/// </summary>
/// <remarks>No more than <see cref="MaxWaiting"/> frames wait, and no more than one packet's descriptors with them: before anyone
/// subscribes the protocol has
/// three frames at most, and descriptors only in <c>welcome</c>. A successor is sent two of those, one ahead of its hello. A packet that is
/// not a valid
/// frame, and one more than may wait, end the channel.</remarks>
[SupportedOSPlatform("linux")]
internal sealed class HandoverChannel : IHandoverChannel
{
    /// <summary>Frames that wait for a subscriber at most.</summary>
    public const int MaxWaiting = 16;

    private readonly object _gate = new(); // a monitor: WaitForNext waits on it
    private readonly TaskCompletionSource<ChannelEvent> _first = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly WaitingEvents<ChannelEvent> _events = new();
    private readonly PacketChannel _packets;
    private readonly Action? _onPeerGone;
    private readonly int _maxDescriptors;
    private bool _closed;
    private bool _disposed;

    /// <param name="fd">The connected socket; owned from here on.</param>
    /// <param name="onPeerGone">Called at once when the peer ends the channel, whether anyone subscribes or not; not when this end
    /// does.</param>
    /// <param name="welcomes">How many packets with descriptors may wait before anyone subscribes.</param>
    public HandoverChannel(int fd, Action? onPeerGone = null, int welcomes = 1)
    {
        (_onPeerGone, _maxDescriptors) = (onPeerGone, welcomes * FdPassing.MaxDescriptors);
        _packets = new PacketChannel(fd, OnPacket, OnClosed, takesIncomplete: true);
        _packets.Start();
    }

    /// <summary>The first event. Subscribers get it as well.</summary>
    public Task<ChannelEvent> First => _first.Task;

    /// <summary>Delivers what waits and what comes to <paramref name="subscriber"/>, instead of to the one before.</summary>
    public void Subscribe(Action<ChannelEvent> subscriber)
    {
        lock (_gate) _events.Subscribe(subscriber);
    }

    /// <summary>Waits for the next event while there is no subscriber. A later subscriber is notified of the end as well.</summary>
    /// <exception cref="TimeoutException">None came within <paramref name="timeout"/>.</exception>
    public ChannelEvent WaitForNext(TimeSpan timeout)
    {
        lock (_gate)
        {
            if (_events.Waiting.Count == 0)
            {
                Monitor.Wait(_gate, timeout);
            }

            return _events.Waiting.TryPeek(out var next) && (next is ChannelEvent.Closed || _events.Waiting.TryDequeue(out next))
                ? next
                : throw new TimeoutException($"No answer on the handover channel within {timeout.TotalSeconds:0} s.");
        }
    }

    /// <summary>Queues a frame. The caller keeps its descriptors; duplicates travel.</summary>
    /// <returns>False if the channel has ended.</returns>
    public bool TrySend(HandoverFrame frame, ReadOnlySpan<int> fds = default)
    {
        if (Volatile.Read(ref _closed))
        {
            return false;
        }

        try
        {
            _packets.Send(HandoverCodec.Encode(frame), fds);
            return true;
        }
        catch (ObjectDisposedException)
        {
            return false; // it ended between the check and the send
        }
    }

    /// <summary>Waits until what was queued has been handed to the kernel.</summary>
    public Task FlushAsync(TimeSpan timeout) => _packets.FlushAsync(timeout);

    /// <inheritdoc/>
    public void Dispose()
    {
        Volatile.Write(ref _closed, true);
        _packets.Dispose();
        lock (_gate)
        {
            _disposed = true;
            while (_events.Waiting.TryDequeue(out var waiting))
            {
                CloseDescriptors(waiting);
            }
        }
    }

    /// <summary>Closes the descriptors of an event that nobody will act on.</summary>
    public static void CloseDescriptors(ChannelEvent channelEvent)
    {
        if (channelEvent is ChannelEvent.Received received)
        {
            foreach (var fd in received.Fds)
            {
                FileDescriptors.Close(fd);
            }
        }
    }

    private static int Descriptors(ChannelEvent channelEvent) => channelEvent is ChannelEvent.Received received ? received.Fds.Count : 0;

    private void OnPacket(ReceivedPacket packet)
    {
        // What is thrown here closes the channel, and the packet's descriptors: nothing is delivered after the end.
        var frame = HandoverCodec.Decode(packet.Bytes.Span);
        if (packet.DescriptorsLost && frame is not ICarries)
        {
            throw PacketChannel.Truncated(); // connections can be declined, everything else is a fault
        }

        Publish(new ChannelEvent.Received(frame, packet.Fds));
    }

    private void OnClosed(Exception? error)
    {
        if (Interlocked.Exchange(ref _closed, true))
        {
            return;
        }

        _onPeerGone?.Invoke();
        Publish(new ChannelEvent.Closed(error?.Message));
    }

    private void Publish(ChannelEvent channelEvent)
    {
        lock (_gate)
        {
            if (_disposed)
            {
                CloseDescriptors(channelEvent);
            }
            else if (!_events.TryDeliver(channelEvent))
            {
                var waiting = _events.Waiting;
                if (channelEvent is ChannelEvent.Received
                    && (waiting.Count >= MaxWaiting || waiting.Append(channelEvent).Sum(Descriptors) > _maxDescriptors))
                {
                    throw new InvalidDataException(
                        $"More than {MaxWaiting} packets, or {_maxDescriptors} descriptors with them, came before the first was answered.");
                }

                waiting.Enqueue(channelEvent);
                Monitor.Pulse(_gate);
            }
        }

        _first.TrySetResult(channelEvent);
    }
}

/// <summary>One end of the way between predecessor and successor.</summary>
internal interface IHandoverChannel : IDisposable
{
    /// <summary>Delivers what waits and what comes to <paramref name="subscriber"/>, instead of to the one before.</summary>
    void Subscribe(Action<ChannelEvent> subscriber);

    /// <summary>Queues a frame. The caller keeps its descriptors; duplicates travel.</summary>
    /// <returns>False if the channel has ended.</returns>
    bool TrySend(HandoverFrame frame, ReadOnlySpan<int> fds = default);

    /// <summary>Waits until what was queued has been handed to the kernel.</summary>
    Task FlushAsync(TimeSpan timeout);
}

/// <summary>This process was started to take a service over and cannot; the running generation keeps serving. Thrown by
/// <c>AddIps()</c>.</summary>
public sealed class HandoverRefusedException : IOException
{
    internal HandoverRefusedException(string reason)
        : base($"The handover failed: {reason}.")
    {
    }
}
