namespace Ips.Actors.Posix;

/// <summary>One end of a connected SOCK_SEQPACKET socket: packets with descriptors go out from a queue and come in by a callback.</summary>
/// <remarks>
/// A thread of its own serves the socket and makes both callbacks, one at a time, so a callback must not wait for anything. Order:
/// constructor, <see cref="Start"/>, callbacks for packets, and as the last one, exactly once if it was started, the callback for the
/// close: with null after the peer's close, after <see cref="Dispose"/> and after a packet sent to close; with the reason after a failure.
/// All other members may be called from any thread.
/// </remarks>
[SupportedOSPlatform("linux")]
internal sealed class PacketChannel : IDisposable
{
    /// <summary>Largest packet, either way. A larger one that comes closes the channel.</summary>
    internal const int MaxPacketSizeBytes = 128 * 1024;

    /// <summary>Most packets that wait to be sent.</summary>
    internal const int MaxQueuedPackets = 4096;

    private readonly int _fd;
    private readonly Action<ReceivedPacket> _onPacket;
    private readonly Action<Exception?> _onClosed;
    private readonly bool _takesIncomplete;
    private readonly EventFd _wake = new();
    private readonly Lock _gate = new();
    private readonly Queue<Outgoing> _queue = new();
    private readonly List<TaskCompletionSource> _flushes = [];
    private Thread? _thread;
    private bool _disposed; // asked to close
    private bool _sealed;   // takes no more packets: disposed, closed, the peer is gone, or the closing packet is queued
    private bool _overflown; // the peer does not receive what is queued for it
    private bool _closed;   // the descriptor is closed
    private int _droppedPackets;

    /// <param name="fd">The socket; the channel closes it.</param>
    /// <param name="onPacket">Takes a packet, and with it its descriptors. An exception of it closes the channel, and the
    /// descriptors.</param>
    /// <param name="onClosed">Told why the channel closed: <see cref="PosixException"/>, or <see cref="InvalidDataException"/> for a packet
    /// that is too large or came without all of its descriptors.</param>
    /// <param name="takesIncomplete">A packet that lost its descriptors goes to <paramref name="onPacket"/>, marked, and does not close the
    /// channel by itself.</param>
    internal PacketChannel(int fd, Action<ReceivedPacket> onPacket, Action<Exception?> onClosed, bool takesIncomplete = false)
    {
        FileDescriptors.SetCloseOnExec(fd);
        (_fd, _onPacket, _onClosed, _takesIncomplete) = (fd, onPacket, onClosed, takesIncomplete);
    }

    /// <summary>Begins to receive, and to send what was queued before. Once only.</summary>
    internal void Start()
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (_thread is not null) throw new InvalidOperationException("The channel was started before.");
            _thread = new Thread(Run) { IsBackground = true, Name = $"ips-channel-{_fd}" };
            _thread.Start();
        }
    }

    /// <summary>
    /// Queues a packet. One that comes after the close is dropped, as is one that was on its way then: the callback reports the close. If
    /// 4096 packets wait already, the peer does not receive: the channel closes, with that as its reason.
    /// </summary>
    /// <param name="packet">From 1 byte to 128 KiB; must not change afterwards.</param>
    /// <param name="fds">At most 64. Duplicated here, so the caller keeps its own and may close them at once.</param>
    /// <param name="closeAfterSend">Closes the channel (not the caller's descriptors) as soon as this packet is sent. The peer still
    /// receives it.</param>
    /// <exception cref="PosixException">A descriptor cannot be duplicated: EBADF, EMFILE.</exception>
    internal void Send(ReadOnlyMemory<byte> packet, ReadOnlySpan<int> fds, bool closeAfterSend = false)
    {
        if (packet.Length is 0 or > MaxPacketSizeBytes)
            throw new ArgumentException($"The packet has {packet.Length} bytes; it must have from 1 to {MaxPacketSizeBytes}.",
                nameof(packet));
        if (fds.Length > FdPassing.MaxDescriptors)
            throw new ArgumentException($"{fds.Length} descriptors; a packet takes at most {FdPassing.MaxDescriptors}.", nameof(fds));

        lock (_gate)
        {
            if (_sealed)
            {
                _droppedPackets++;
                return;
            }

            if (_queue.Count >= MaxQueuedPackets)
            {
                (_overflown, _sealed) = (true, true);
                _droppedPackets++;
            }
            else
            {
                _queue.Enqueue(new Outgoing(packet, Duplicate(fds), closeAfterSend));
                _sealed = closeAfterSend;
            }
        }

        _wake.Set();
    }

    /// <summary>Completes when all packets queued so far, and since, are in the kernel's hands.</summary>
    /// <exception cref="TimeoutException">They were not sent in time.</exception>
    /// <exception cref="IOException">The channel closed and packets were dropped.</exception>
    internal Task FlushAsync(TimeSpan timeout)
    {
        TaskCompletionSource flush;
        lock (_gate)
        {
            if (_droppedPackets > 0) return Task.FromException(Dropped());
            if (_queue.Count == 0) return Task.CompletedTask;
            flush = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _flushes.Add(flush);
        }

        return flush.Task.WaitAsync(timeout);
    }

    /// <summary>Closes; what is queued is dropped. Returns when the descriptor is closed and the last callback has returned, or at once
    /// from within a callback: the channel then closes after it.</summary>
    public void Dispose()
    {
        Thread? thread;
        lock (_gate)
        {
            (_disposed, _sealed) = (true, true);
            thread = _thread;
            if (thread is null) Close();
        }

        _wake.Set();
        if (thread is not null && thread != Thread.CurrentThread) thread.Join();
    }

    private void Run()
    {
        Exception? reason = null;
        try
        {
            Serve();
        }
#pragma warning disable CA1031 // whatever a callback or the kernel throws is the reason that onClosed hears
        catch (Exception e)
#pragma warning restore CA1031
        {
            reason = e;
        }

        lock (_gate) Close();
        _onClosed(reason);
    }

    private void Serve()
    {
        var buffer = new byte[MaxPacketSizeBytes];
        while (SendQueued(out var blocked))
        {
            Span<PollEntry> entries =
            [
                new(_fd, blocked ? PollEvents.Readable | PollEvents.Writable : PollEvents.Readable),
                new(_wake.Fd, PollEvents.Readable),
            ];
            Poll.Wait(entries, -1);
            if (entries[1].Returned != PollEvents.None) _wake.Clear();
            if ((entries[0].Returned & ~PollEvents.Writable) != PollEvents.None && !ReceiveSome(buffer)) return;
        }
    }

    // False: the channel is to close.
    private bool SendQueued(out bool blocked)
    {
        blocked = false;
        while (true)
        {
            Outgoing? next;
            lock (_gate)
            {
                if (_disposed) return false;
                if (_overflown) throw new InvalidDataException(
                    $"{MaxQueuedPackets} packets wait to be sent, the most that may: the peer does not receive.");
                if (!_queue.TryPeek(out next)) return true;
            }

            try
            {
                blocked = !FdPassing.TrySend(_fd, next.Packet.Span, next.Fds);
                if (blocked) return true;
            }
            catch (PosixException e) when (e.Errno is Errno.EPIPE or Errno.ECONNRESET)
            {
                // The peer is gone, but what it said before may still be here: receive to the end.
                lock (_gate) DropQueue();
                return true;
            }

            lock (_gate)
            {
                _queue.Dequeue().CloseDescriptors();
                if (_queue.Count == 0) CompleteFlushes();
            }

            if (next.CloseAfterSend) return false;
        }
    }

    // False: the peer closed. At most 64 packets, so that sending gets its turn.
    private bool ReceiveSome(byte[] buffer)
    {
        for (var i = 0; i < 64 && !Volatile.Read(ref _disposed); i++)
        {
            var fds = new List<int>();
            var length = FdPassing.Receive(_fd, buffer, fds, out var loss);
            if (loss == PacketLoss.Bytes || (loss == PacketLoss.Descriptors && !_takesIncomplete)) throw Truncated();

            if (length < 0) return true;
            try
            {
                if (length == 0) return fds.Count == 0 ? false : throw Empty(fds.Count);
                _onPacket(new ReceivedPacket(buffer.AsMemory(0, length).ToArray(), fds, loss == PacketLoss.Descriptors));
            }
            catch
            {
                fds.ForEach(FileDescriptors.Close); // nobody has taken them
                throw;
            }
        }

        return true;
    }

    /// <summary>Why a packet that is not whole closes a channel.</summary>
    internal static InvalidDataException Truncated() => new(
        $"A packet has more than {MaxPacketSizeBytes} bytes, or not all of its descriptors could be received " +
        $"(at most {FdPassing.MaxDescriptors}, and the limit of open files of this process, ulimit -n, must leave room for them).");

    // Without descriptors it cannot be told from the end of the channel, and is taken for it.
    private static InvalidDataException Empty(int descriptors) => new($"A packet without a byte came with {descriptors} descriptors.");

    private void Close() // under _gate
    {
        if (_closed) return;
        (_closed, _sealed) = (true, true);
        DropQueue();
        _wake.Dispose();
        FileDescriptors.Close(_fd);
    }

    private void DropQueue() // under _gate
    {
        _sealed = true;
        _droppedPackets += _queue.Count;
        while (_queue.TryDequeue(out var packet)) packet.CloseDescriptors();
        CompleteFlushes();
    }

    private void CompleteFlushes() // under _gate
    {
        foreach (var flush in _flushes)
        {
            if (_droppedPackets == 0) flush.SetResult();
            else flush.SetException(Dropped());
        }

        _flushes.Clear();
    }

    private IOException Dropped() => new($"The channel closed before {_droppedPackets} packets were sent.");

    private static int[] Duplicate(ReadOnlySpan<int> fds)
    {
        var duplicates = new int[fds.Length];
        for (var i = 0; i < fds.Length; i++)
        {
            try
            {
                duplicates[i] = FileDescriptors.Duplicate(fds[i]);
            }
            catch (PosixException)
            {
                Array.ForEach(duplicates[..i], FileDescriptors.Close);
                throw;
            }
        }

        return duplicates;
    }

    private sealed record Outgoing(ReadOnlyMemory<byte> Packet, int[] Fds, bool CloseAfterSend)
    {
        internal void CloseDescriptors() => Array.ForEach(Fds, FileDescriptors.Close);
    }
}
