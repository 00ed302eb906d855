namespace Ips.Actors.Transport;

/// <summary>A count that can be awaited to be zero.</summary>
internal sealed class Tally
{
    private readonly Lock _gate = new();
    private int _count;
    private TaskCompletionSource? _none;

    /// <summary>The count now.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>One more.</summary>
    public void Add() => Interlocked.Increment(ref _count);

    /// <summary>One less.</summary>
    public void Remove()
    {
        if (Interlocked.Decrement(ref _count) != 0) return;
        lock (_gate)
        {
            _none?.TrySetResult();
            _none = null;
        }
    }

    /// <summary>Completes as soon as the count is zero.</summary>
    public Task WhenNone()
    {
        lock (_gate)
        {
            if (Count == 0) return Task.CompletedTask;
            _none ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            // The last one may have left between the look and the new task.
            if (Count == 0) _none.TrySetResult();
            return _none.Task;
        }
    }
}
