using Ips.Actors.Handover;
using Ips.Actors.Transport;

namespace Ips.Actors.WebSockets;

/// <summary>One WebSocket that its app lets move: stands between the connection that is to leave and the app that hands over.</summary>
/// <param name="identity">A digest of whom the app has authenticated.</param>
#pragma warning disable CA1001 // the stream is the WebSocket's, which disposes of it
internal sealed class ResumableSession(byte[] identity) : IMovableUpgrade
#pragma warning restore CA1001
{
    private readonly Lock _gate = new();
    private readonly TaskCompletionSource<bool> _left = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<bool> _decided = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<bool> _released = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ResumableStream? _stream;
    private UpgradeState? _state;
    private Stage _stage;

    private enum Stage
    {
        Open,
        Leaving,
        HandedOver,

        /// <summary>It stays, or has ended.</summary>
        Stays,
    }

    public byte[] Identity => identity;

    public bool IsTunnel => false;

    public UnmovableReason StayReason => UnmovableReason.None;

    public int Backend => -1;

    public WebSocketFrameParser Frames { get; } = new();

    /// <summary>The bytes; after the upgrade.</summary>
    public ResumableStream Stream => _stream ?? throw new InvalidOperationException("The connection is not upgraded.");

    /// <summary>Whether the connection was upgraded and can move.</summary>
    public bool IsAttached => _stream is not null;

    /// <summary>Whether the app is asked to hand over.</summary>
    public bool IsLeaving
    {
        get
        {
            lock (_gate) return _stage is Stage.Leaving;
        }
    }

    /// <summary>Whether the connection goes, or has ended (true), or is to be closed here (false).</summary>
    public Task<bool> Decided => _decided.Task;

    public Stream Attach(Stream stream)
    {
        lock (_gate)
        {
            _stream = new ResumableStream(stream);
            if (_stage is Stage.Leaving) _stream.BeginLeave();
            return _stream;
        }
    }

    public Task<bool> LeaveAsync()
    {
        lock (_gate)
        {
            if (_stage is Stage.Open)
            {
                _stage = Stage.Leaving;
                _stream?.BeginLeave();
            }
        }

        return _left.Task;
    }

    public bool Stay()
    {
        lock (_gate)
        {
            if (_stage is Stage.HandedOver) return false;
            if (_stage is Stage.Leaving) _stream?.CancelLeave();
            _stage = Stage.Stays;
        }

        _left.TrySetResult(false);
        _decided.TrySetResult(false);
        return true;
    }

    public UpgradeRest? Take() => new UpgradeRest(Stream.TakeUnread(), _state);

    public void Release(bool left) => _released.TrySetResult(left);

    /// <summary>The app hands over, unless the connection is not to leave.</summary>
    /// <returns>Null if it stays; else whether it has left: if not, it is to be closed.</returns>
    /// <exception cref="InvalidOperationException">A fragmented message is unfinished.</exception>
    public async Task<bool?> HandOverAsync(UpgradeState state)
    {
        if (!IsLeaving) return null;
        if (!await Stream.SealAsync().ConfigureAwait(false)) return null;
        bool handedOver;
        lock (_gate)
        {
            handedOver = _stage is Stage.Leaving;
            if (handedOver) _stage = Stage.HandedOver;
        }

        if (!handedOver) // it was told to stay meanwhile
        {
            Stream.Unseal();
            return null;
        }

        _decided.TrySetResult(true);
        _state = state;
        _left.TrySetResult(true);
        var left = await _released.Task.ConfigureAwait(false);
        if (!left) Stream.Unseal();
        return left;
    }

    /// <summary>The request ends.</summary>
    public void End()
    {
        lock (_gate)
        {
            if (_stage is not Stage.HandedOver) _stage = Stage.Stays;
        }

        _decided.TrySetResult(true);
        _left.TrySetResult(false);
    }
}
