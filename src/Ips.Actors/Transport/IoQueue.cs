using System.Collections.Concurrent;
using System.IO.Pipelines;

namespace Ips.Actors.Transport;

/// <summary>
/// Runs the transport's work in order, on one thread pool thread at a time. Connections share a few of these, so that
/// a burst of small writes is sent in one batch and does not wake a thread for each.
/// </summary>
internal sealed class IoQueue : PipeScheduler, IThreadPoolWorkItem
{
    private readonly ConcurrentQueue<(Action<object?> Action, object? State)> _work = new();
    private int _running;

    public override void Schedule(Action<object?> action, object? state)
    {
        _work.Enqueue((action, state));
        if (Interlocked.CompareExchange(ref _running, 1, 0) == 0)
            System.Threading.ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    void IThreadPoolWorkItem.Execute()
    {
        do
        {
            while (_work.TryDequeue(out var item))
                item.Action(item.State);

            // Given up first, looked at again after: work that came in between is either seen here or was scheduled by its sender.
            Interlocked.Exchange(ref _running, 0);
        }
        while (!_work.IsEmpty && Interlocked.CompareExchange(ref _running, 1, 0) == 0);
    }
}
