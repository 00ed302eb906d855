using System.IO.Pipelines;
using Ips.Actors.Handover;
using Ips.Actors.Posix;
using Microsoft.AspNetCore.Http.Features;

namespace Ips.Actors.Transport;

/// <summary>
/// How an upgraded connection leaves this process, and comes to it. It leaves at a quiet point that its app reaches
/// (<see cref="IMovableUpgrade"/>). It comes with the head of its request, which the server answers again. Only after a 101 that agrees
/// with the first one do the bytes that travelled follow, and then the socket: Kestrel takes bytes behind a refused upgrade for the next
/// request.
/// </summary>
internal sealed partial class HandoverConnection
{
    private static readonly TimeSpan RoomInterval = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan RoomTimeout = TimeSpan.FromSeconds(5);

    private volatile UpgradeSession? _session;
    private UpgradeOutput? _upgradeOutput;
    private byte[] _keptInput = [];
    private bool _inputKept;
    private volatile bool _upgradeLeaves;
    private int _backend = -1; // our duplicate, once it has left

    /// <summary>The upgrade that is answered again; null for a connection that was not upgraded when it came.</summary>
    internal UpgradeReplay? Replay { get; private set; }

    /// <summary>Whether the server's reads are those of an upgrade that is not answered yet.</summary>
    private bool IsReplaying => Replay is { Decided.IsCompleted: false };

    /// <summary>Before <see cref="Start"/>: the server is to answer an upgrade again.</summary>
    internal void BeginReplay(UpgradeParcel parcel)
    {
        Replay = new UpgradeReplay(parcel);
        _upgradeOutput = new UpgradeOutput(_socket);
        _upgradeOutput.Await(Replay);
    }

    /// <summary>Keeps what this process has received and the server has not read: called as either lets go of the input.</summary>
    internal void KeepInput(PipeReader input)
    {
        if (!_upgradeLeaves || Interlocked.Exchange(ref _inputKept, true) || !input.TryRead(out var read)) return;
        _keptInput = System.Buffers.BuffersExtensions.ToArray(read.Buffer);
        input.AdvanceTo(read.Buffer.End);
    }

    private async Task<bool> ReplayAsync(PipeWriter writer)
    {
        var replay = Replay!;
        Volatile.Write(ref _receiveEpoch, 1);
        await writer.WriteAsync(replay.Parcel.RequestHead);
        using (new Timer(static state => ((HandoverConnection)state!).OnReplayOverdue(), this, UpgradeReplay.Timeout,
            Timeout.InfiniteTimeSpan))
        {
            if (await replay.Decided && _shutdownReason is null)
            {
                _registry.Replayed?.Invoke(null);
                if (replay.Parcel.Received.IsEmpty) return true;
                Volatile.Write(ref _receiveEpoch, _receiveEpoch + 1);
                var write = writer.WriteAsync(replay.Parcel.Received);
                _ = write.IsCompleted ? await write : await PauseAsync(write);
                return true;
            }
        }

        // The server sees the end of its input, and not a byte of what the client has sent.
        _logger.ReplayRefused(ConnectionId, replay.Reason ?? "reset");
        _registry.Replayed?.Invoke(replay.Reason ?? "reset");
        await writer.CompleteAsync();
        if (_shutdownReason is null) await DiscardAsync();
        return false;
    }

    private void OnReplayOverdue()
    {
        if (!IsReplaying) return;
        Replay!.Blame("timeout");
        _output.Reader.CancelPendingRead(); // the send loop ends, and says so to the client
    }

    // The send loop has ended.
    private async Task EndUpgradeOutputAsync(UpgradeOutput output)
    {
        if (_shutdownReason is null) await output.EndAsync();
        else Replay?.Decide(false);
        if (output.Refused) TellClose(RefusalGrace);
    }

    private static readonly TimeSpan RefusalGrace = TimeSpan.FromSeconds(2);

    private Task<MoveResult> BeginUpgradeMove(UpgradeSession session, UpgradePolicy policy)
    {
        if (policy is UpgradePolicy.Keep) return Task.FromResult<MoveResult>(new MoveResult.NotMovable(UnmovableReason.Upgraded));
        lock (_gate)
        {
            return session.Move ??= MoveUpgradeAsync(session, policy);
        }
    }

    private async Task<MoveResult> MoveUpgradeAsync(UpgradeSession session, UpgradePolicy policy)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding); // it is called under the lock
        var reason = _unmovable is not UnmovableReason.None ? _unmovable
            : policy is UpgradePolicy.Close || (policy is UpgradePolicy.Move && session.Upgrade.IsTunnel) || !session.FitsParcel
                ? UnmovableReason.Upgraded : LookAtConnection();
        if (reason is not UnmovableReason.None)
        {
            session.Upgrade.Stay();
            return new MoveResult.NotMovable(reason);
        }

        if (!await session.Upgrade.LeaveAsync())
            return new MoveResult.NotMovable(_ended || _shutdownReason is not null ? UnmovableReason.Ended : UnmovableReason.Upgraded);

        var result = await LeaveQuietAsync();
        if (result is not MoveResult.NotMovable) return result;
        session.Upgrade.Release(left: false);
        if (session.Upgrade.Decided.IsCompleted) return result;
        lock (_gate) session.Move = null; // it goes on, and may be asked again
        return result;
    }

    private async Task<MoveResult> LeaveQuietAsync()
    {
        Move move;
        CancellationTokenSource wait;
        lock (_gate)
        {
            if (_ended) return new MoveResult.NotMovable(UnmovableReason.Ended);
            _move = move = new Move();
            _upgradeLeaves = true;
            wait = _wait;
        }

        wait.Cancel(); // the receive loop comes to the gate
        _input.Writer.CancelPendingFlush(); // also if the input is full
        var result = await move.Result;
        if (result is MoveResult.NotMovable) _upgradeLeaves = false;
        return result;
    }

    /// <summary>Called by the receive loop at the gate.</summary>
    private async ValueTask<bool> LeaveUpgradedAsync(Move move)
    {
        for (var since = Environment.TickCount64; _shutdownReason is null;)
        {
            if (TryDuplicate(_session!.Upgrade, out var duplicate, out var backend))
            {
                lock (_gate)
                {
                    if (_move == move)
                    {
                        move.Leave(duplicate, ReadOnlyMemory<byte>.Empty, discardOutput: false);
                        (_moved, _backend) = (true, backend);
                        TagDuration();
                        return true;
                    }
                }

                ConnectionDescriptor.Close(duplicate);
                if (backend >= 0) ConnectionDescriptor.Close(backend);
                return false;
            }

            if (Environment.TickCount64 - since > RoomTimeout.TotalMilliseconds) break;
            await Task.Delay(RoomInterval); // descriptors come back as others arrive
        }

        EndMove(_shutdownReason is null ? UnmovableReason.NoDescriptor : UnmovableReason.Ended);
        return false;
    }

    // Some descriptors are kept for new clients and the app, however many connections leave at once.
    private bool TryDuplicate(IMovableUpgrade upgrade, out int duplicate, out int backend)
    {
        backend = -1;
        if (!TryDuplicate((int)_socket.Handle, out duplicate)) return false;
        if (!upgrade.IsTunnel || TryDuplicate(upgrade.Backend, out backend)) return true;
        ConnectionDescriptor.Close(duplicate);
        return false;
    }

    private static bool TryDuplicate(int descriptor, out int duplicate)
    {
        if (!ConnectionDescriptor.TryDuplicate(descriptor, out duplicate)) return false;
        if (DescriptorRoom.IsLeft(duplicate, s_descriptorLimit.Value)) return true;
        ConnectionDescriptor.Close(duplicate);
        return false;
    }

    private static readonly Lazy<long> s_descriptorLimit = new(() => OpenFiles.Limit().Soft);

    /// <summary>The receive loop of a connection that leaves has ended, and nothing is sent from now on.</summary>
    private void ReleaseUpgrade()
    {
        _session!.Upgrade.Release(left: true); // first: who is told writes no more, and from the stop on all that is written is kept
        _upgradeOutput!.Stop();
    }

    private UpgradeParcel? PackUpgrade()
    {
        if (_session!.Upgrade.Take() is not var (unread, state)) return null;
        return new UpgradeParcel(_session.Head, _session.Answer, _session.Upgrade.Identity, (byte[])[.. unread.Span, .. _keptInput],
            _upgradeOutput!.Unsent, state)
        { Backend = _backend };
    }

    /// <summary>An upgrade that its app lets move.</summary>
    private sealed class UpgradeSession(IMovableUpgrade upgrade, byte[] head, UpgradeAnswer answer, bool fitsParcel)
    {
        public IMovableUpgrade Upgrade => upgrade;

        public byte[] Head => head;

        public UpgradeAnswer Answer => answer;

        /// <summary>Whether all that this server may hold of the connection fits what may travel.</summary>
        public bool FitsParcel => fitsParcel;

        public Task<MoveResult>? Move { get; set; }
    }

    /// <summary>Sees an upgrade happen.</summary>
    private sealed class UpgradeWatch(HandoverConnection connection, IFeatureCollection features, IHttpUpgradeFeature inner)
        : IHttpUpgradeFeature
    {
        // Now: what follows in the pipeline may change the headers (forwarded headers).
        private byte[]? _head = connection.Replay?.Parcel.RequestHead ?? UpgradeHeadParser.Write(First<IHttpRequestFeature>(features));

        public bool IsUpgradableRequest => inner.IsUpgradableRequest;

        public Task<Stream> UpgradeAsync()
        {
            var movable = features.Get<IMovableUpgrade>();
            if (connection.Replay is { Decided.IsCompleted: false } replay && movable?.IsTunnel != replay.Parcel.Backend >= 0)
            {
                replay.Blame("kind");
                throw new InvalidOperationException("The WebSocket of another process would be answered by an endpoint of another kind.");
            }

            if (_head is not null && movable is { StayReason: UnmovableReason.None }) return UpgradeAsync(movable);
            _head = null; // nobody will want it
            connection.MarkUnmovable(movable?.StayReason ?? UnmovableReason.Upgraded);
            return inner.UpgradeAsync();
        }

        private async Task<Stream> UpgradeAsync(IMovableUpgrade upgrade)
        {
            connection.BeginSession(upgrade, _head!, UpgradeHeadParser.Read(First<IHttpResponseFeature>(features)));
            try
            {
                return upgrade.Attach(await inner.UpgradeAsync());
            }
            catch
            {
                connection.MarkUnmovable(UnmovableReason.Upgraded); // it was not upgraded after all
                throw;
            }
        }
    }

    private void BeginSession(IMovableUpgrade upgrade, byte[] head, UpgradeAnswer answer)
    {
        var (input, output) = (_lane.Input.PauseWriterThreshold, _lane.Output.PauseWriterThreshold);
        var fits = input is > 0 and <= 1024 * 1024 && output is > 0 and <= UpgradeParcel.MaxUnsentBytes / 2;
        var session = new UpgradeSession(upgrade, head, answer, fits);
        Volatile.Write(ref _upgradeOutput, _upgradeOutput ?? new UpgradeOutput(_socket));
        Move? begun;
        lock (_gate)
        {
            _session = session;
            begun = _moved ? null : _move;
            if (begun is not null) (_move, _wait) = (null, new CancellationTokenSource());
        }

        if (begun is null) return;
        // It was asked to leave while it spoke HTTP.
        begun.Signal();
        _boundary.Release(BoundaryReader.HeldRead.Resume);
        _ = begun.FollowAsync(BeginUpgradeMove(session, begun.Upgrades));
    }
}
