namespace Ips.Actors.Handover;

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
