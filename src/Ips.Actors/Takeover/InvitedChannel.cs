using Ips.Actors.Handover;

namespace Ips.Actors.Takeover;

/// <summary>A channel whose first word is looked at before it has a reader, who gets that word all the same.</summary>
internal sealed class InvitedChannel : IHandoverChannel
{
    private readonly Lock _gate = new();
    private readonly Queue<ChannelEvent> _waiting = new();
    private readonly TaskCompletionSource<ChannelEvent> _first = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly IHandoverChannel _inner;
    private Action<ChannelEvent>? _subscriber;

    /// <param name="inner">The channel; owned from here on.</param>
    public InvitedChannel(IHandoverChannel inner)
    {
        _inner = inner;
        inner.Subscribe(OnEvent);
    }

    /// <summary>The first that arrives.</summary>
    public Task<ChannelEvent> First => _first.Task;

    /// <inheritdoc/>
    public void Subscribe(Action<ChannelEvent> subscriber)
    {
        lock (_gate)
        {
            _subscriber = subscriber;
            while (_waiting.TryDequeue(out var waiting)) subscriber(waiting);
        }
    }

    /// <inheritdoc/>
    public bool TrySend(HandoverFrame frame, ReadOnlySpan<int> fds = default) => _inner.TrySend(frame, fds);

    /// <inheritdoc/>
    public Task FlushAsync(TimeSpan timeout) => _inner.FlushAsync(timeout);

    /// <inheritdoc/>
    public void Dispose()
    {
        _inner.Dispose();
        lock (_gate)
        {
            while (_waiting.TryDequeue(out var waiting)) HandoverChannel.CloseDescriptors(waiting);
        }
    }

    private void OnEvent(ChannelEvent channelEvent)
    {
        lock (_gate)
        {
            if (_subscriber is { } subscriber) subscriber(channelEvent);
            else _waiting.Enqueue(channelEvent);
        }

        _first.TrySetResult(channelEvent);
    }
}
