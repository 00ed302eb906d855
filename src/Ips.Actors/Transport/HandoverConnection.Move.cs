using System.Buffers;
using Ips.Actors.Handover;
using Ips.Actors.Posix;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;

namespace Ips.Actors.Transport;

/// <summary>How the connection leaves this process. docs/handover.md has the limits, docs/security.md says which connections may
/// move.</summary>
[SupportedOSPlatform("linux")]
internal sealed partial class HandoverConnection
{
    /// <summary>Received bytes of a next request that may travel with the socket: 16 KiB. More than that is served here first.</summary>
    public const int LeftoverLimitBytes = 16 * 1024;

    private volatile Move? _move;
    private volatile bool _moved;
    private volatile UnmovableReason _unmovable;
    private bool _hasSent;
    private bool _ended;
    private bool _paused;
    private CancellationTokenSource _wait = new();

    private enum Gate
    {
        /// <summary>Receive as ever.</summary>
        Open,

        /// <summary>Kestrel waits for bytes of a request that has begun: receive once.</summary>
        ReceiveOnce,

        /// <summary>The connection leaves: receive no more.</summary>
        Moved,
    }

    /// <summary>Whether a move was begun and is still undecided.</summary>
    internal bool IsMoving => _move is not null && !_moved;

    /// <summary>Whether the input is full, and receiving waits for Kestrel to read.</summary>
    internal bool IsPaused => Volatile.Read(ref _paused);

    /// <summary>Whether the gate is there to decide about a read at a boundary.</summary>
    internal bool HoldsReads => IsMoving && !IsPaused && _session is null;

    /// <summary>Whether it can move, by what is on it now. Asked while connections move: one that cannot is told so by the response that
    /// goes out.</summary>
    internal bool MayMove => StayReason is UnmovableReason.None;

    /// <summary>What it is, for those who ask what a drain waits for: <c>http1</c>, or the reason why it does not move.</summary>
    internal string Kind => StayReason is var reason and not UnmovableReason.None ? WireName.Of(reason)
        : _session is null ? "http1" : WireName.Of(UnmovableReason.Upgraded);

    /// <summary>Milliseconds since it came to this process.</summary>
    internal long AgeMs => Environment.TickCount64 - _openedAtMs;

    /// <summary>Why it cannot move, as <see cref="MayMove"/> sees it.</summary>
    internal UnmovableReason StayReason => _unmovable is not UnmovableReason.None ? _unmovable : LookAtConnection();

    /// <summary>
    /// Stops receiving as soon as the connection is at a request boundary (now, if it is idle; after the current response, if it is busy),
    /// and moves it out of Kestrel there. Bytes of a next request stay in the kernel. Half a request, and a body that is still arriving,
    /// are received to their end first. Calling it again returns the same task.
    /// </summary>
    /// <param name="upgrades">What is done if the connection is upgraded, or becomes it.</param>
    /// <returns>Completes when the connection has left Kestrel, ended, or turned out unmovable; without a time limit, so that the caller
    /// sets one and calls <see cref="CancelMove"/>.</returns>
    public Task<MoveResult> BeginMove(UpgradePolicy upgrades = UpgradePolicy.Close)
    {
        Move move;
        CancellationTokenSource wait;
        if (IsReplaying) return BeginMoveAfterReplayAsync(upgrades);
        if (_session is { } session) return BeginUpgradeMove(session, upgrades);
        lock (_gate)
        {
            if (_move is { } begun) return begun.Result;
            if (_unmovable is not UnmovableReason.None) return Task.FromResult<MoveResult>(new MoveResult.NotMovable(_unmovable));
            move = new Move { Upgrades = upgrades };
            if (_ended)
            {
                move.End(UnmovableReason.Ended);
                return move.Result;
            }
            _move = move;
            wait = _wait;
        }
        wait.Cancel(); // the receive loop comes to the gate
        return move.Result;
    }

    /// <summary>Takes <see cref="BeginMove"/> back: receiving goes on, and its task ends as
    /// <see cref="UnmovableReason.Canceled"/>.</summary>
    /// <returns>False if the connection had already left (its task says where it is), or no move was begun.</returns>
    public bool CancelMove() => _session is { } session ? session.Upgrade.Stay() : EndMove(UnmovableReason.Canceled);

    // The server's answer is not there yet.
    private async Task<MoveResult> BeginMoveAfterReplayAsync(UpgradePolicy upgrades) =>
        await Replay!.Decided ? await BeginMove(upgrades) : new MoveResult.NotMovable(UnmovableReason.Ended);

    /// <summary>Wakes the gate to look again.</summary>
    internal void SignalMove() => _move?.Signal();

    /// <summary>This connection stays here, for good.</summary>
    internal void MarkUnmovable(UnmovableReason reason)
    {
        if (_unmovable is UnmovableReason.None) _unmovable = reason;
        SignalMove();
    }

    /// <summary>The state of a move, for logs and failed tests.</summary>
    public override string ToString() =>
        $"{ConnectionId}: {(_moved ? "moved" : IsMoving ? "moving" : "here")}, unmovable {_unmovable}, received {_receiveEpoch} times, "
            + $"{_boundary}, "
        + $"requests running {_running}, has sent {_hasSent}, receive loop {_receiving.Status}, send loop {_sending.Status}, shutdown "
            + $"{_shutdownReason?.Message ?? "no"}";

    /// <summary>Called by the receive loop while a move is on: decides what may be received.</summary>
    private async ValueTask<Gate> PassGateAsync()
    {
        while (_move is { } move)
        {
            var signaled = move.NextSignal();
            if (_shutdownReason is not null)
            {
                EndMove(UnmovableReason.Ended);
                return Gate.Open;
            }
            if (_unmovable is not UnmovableReason.None)
            {
                EndMove(_unmovable);
                return Gate.Open;
            }
            if (_tls && _receiveEpoch > 0)
            {
                EndMove(UnmovableReason.Tls);
                return Gate.Open;
            }
            if (_upgradeLeaves ? await LeaveUpgradedAsync(move) : TryLeave(move)) return Gate.Moved;
            if (_move != move) continue;
            if (_boundary.Waits(_receiveEpoch) && !_boundary.WaitsAtBoundary(_receiveEpoch)) return Gate.ReceiveOnce;
            await signaled;
        }
        return Gate.Open;
    }

    /// <summary>Leaves if the connection is at a boundary: not a byte of a next request was seen by Kestrel.</summary>
    private bool TryLeave(Move move)
    {
        if (_receiveEpoch == 0 || _boundary.WaitsAtBoundary(_receiveEpoch)) return TryLeave(move, ReadOnlyMemory<byte>.Empty);

        // Kestrel's read is held by us and this loop is the only writer, so nobody else touches the pipe.
        if (_boundary.TakeHeld() is not { } held) return false;
        var leftover = ReadOnlyMemory<byte>.Empty;
        var how = BoundaryReader.HeldRead.Resume;
        if (_boundary.Inner.TryRead(out var read))
        {
            if (read.IsCanceled) how = BoundaryReader.HeldRead.Cancel;
            else if (read.Buffer.Length <= LeftoverLimitBytes) how = BoundaryReader.HeldRead.End;
            if (how is BoundaryReader.HeldRead.End) leftover = read.Buffer.ToArray();
            _boundary.Inner.AdvanceTo(read.Buffer.Start);
        }
        else if (_boundary.IsEmpty)
        {
            how = BoundaryReader.HeldRead.End;
        }

        if (how is BoundaryReader.HeldRead.End)
        {
            if (TryLeave(move, leftover))
            {
                held.SetResult(BoundaryReader.HeldRead.End);
                return true;
            }
            how = BoundaryReader.HeldRead.Resume;
        }
        held.SetResult(how);
        return false;
    }

    private bool TryLeave(Move move, ReadOnlyMemory<byte> leftover)
    {
        // A connection that has not sent a byte carries nothing that its successor would not make again.
        var untouched = _receiveEpoch == 0;
        var reason = untouched ? UnmovableReason.None : LookAtConnection();
        var duplicate = -1;
        if (reason is UnmovableReason.None && !ConnectionDescriptor.TryDuplicate((int)_socket.Handle, out duplicate))
            reason = UnmovableReason.NoDescriptor;

        lock (_gate)
        {
            if (untouched && _hasSent) reason = UnmovableReason.ConnectionMiddleware; // the server spoke first: that is not HTTP/1.1
            if (_move == move && reason is UnmovableReason.None)
            {
                move.Leave(duplicate, leftover, discardOutput: untouched);
                _moved = true;
                TagDuration();
                return true;
            }
        }
        if (duplicate >= 0) ConnectionDescriptor.Close(duplicate);
        if (reason is not UnmovableReason.None) EndMove(reason);
        return false;
    }

    // Kestrel measures how long a connection lasted (kestrel.connection.duration): this one has not ended.
    private void TagDuration() => (Find(typeof(IConnectionMetricsTagsFeature)) as IConnectionMetricsTagsFeature)?.Tags.Add(
        new KeyValuePair<string, object?>("ips.handover.result", "moved"));

    private UnmovableReason LookAtConnection()
    {
        if (_tls) return UnmovableReason.Tls;
        if (_items is { Count: > 0 }) return UnmovableReason.ConnectionItems;
        if (_middlewareSeen || !ReferenceEquals(_currentTransport, this)
            || ConnectionClosed != _closed.Token) return UnmovableReason.ConnectionMiddleware;
        return LookAtFeatures();
    }

    /// <summary>Whether the send loop may send: not what Kestrel says as it lets go of a connection on which nobody has spoken.</summary>
    private bool MaySend()
    {
        if (_hasSent) return true;
        lock (_gate)
        {
            if (_moved && _move!.DiscardOutput) return false;
            return _hasSent = true;
        }
    }

    private bool EndMove(UnmovableReason reason)
    {
        Move move;
        lock (_gate)
        {
            if (_move is null || _moved) return false;
            move = _move;
            _move = null;
            _wait = new CancellationTokenSource();
        }
        move.Signal(); // the gate opens
        _boundary.Release(BoundaryReader.HeldRead.Resume);
        move.End(reason);
        return true;
    }

    /// <summary>The receive loop has ended, so nothing would decide about a move any more.</summary>
    private void RefuseMoves()
    {
        lock (_gate)
        {
            _ended = true;
        }
        EndMove(UnmovableReason.Ended);
    }

    /// <summary>Kestrel has let go and what it wrote is sent: closes our copy of the socket.</summary>
    private void CompleteMove()
    {
        var move = _move!;
        var upgrade = _upgradeLeaves ? PackUpgrade() : null; // also of one that is lost: its backend is let go
        lock (_gate)
        {
            if (_shutdownReason is not null)
            {
                move.Lose(_backend);
                return;
            }
            _shutdownReason = new ConnectionAbortedException("The connection moved to another process.");
            EpollRegistration.Remove((int)_socket.Handle);
            _socket.Dispose(); // close(2) only: the other process's copy keeps the connection open
        }
        if (_upgradeLeaves && upgrade is not { Fits: true })
        {
            move.Lose(_backend); // the limits of this server's buffers, which were looked at before, make it smaller
            return;
        }
        move.Arrive(upgrade);
        _logger.ConnectionMoved(ConnectionId);
    }

    /// <summary>One attempt to move.</summary>
    private sealed class Move
    {
        private readonly TaskCompletionSource<MoveResult> _result = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private TaskCompletionSource _signal = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private MoveResult.Moved? _left;

        public Task<MoveResult> Result => _result.Task;

        /// <summary>What is done if the connection becomes an upgraded one.</summary>
        public UpgradePolicy Upgrades { get; init; }

        public bool DiscardOutput { get; private set; }

        /// <summary>A task that ends with the next <see cref="Signal"/>; to be taken before looking at what signals tell of.</summary>
        public Task NextSignal()
        {
            var signal = Volatile.Read(ref _signal);
            if (!signal.Task.IsCompleted) return signal.Task;
            signal = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            Interlocked.Exchange(ref _signal, signal);
            return signal.Task;
        }

        public void Signal() => Volatile.Read(ref _signal).TrySetResult();

        public void Leave(int descriptor, ReadOnlyMemory<byte> leftover, bool discardOutput)
        {
            _left = new MoveResult.Moved(descriptor, leftover);
            DiscardOutput = discardOutput;
        }

        public void Arrive(UpgradeParcel? upgrade) => _result.TrySetResult(upgrade is null ? _left! : _left! with { Upgrade = upgrade });

        /// <summary>It goes on as another one.</summary>
        public async Task FollowAsync(Task<MoveResult> other) => _result.TrySetResult(await other);

        /// <summary>The connection broke after it had left the boundary: nobody gets the duplicate.</summary>
        public void Lose(int backend)
        {
            ConnectionDescriptor.Close(_left!.Descriptor);
            if (backend >= 0) ConnectionDescriptor.Close(backend);
            End(UnmovableReason.Ended);
        }

        public void End(UnmovableReason reason) => _result.TrySetResult(new MoveResult.NotMovable(reason));
    }
}
