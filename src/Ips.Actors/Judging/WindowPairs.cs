using Ips.Actors.Handover;

namespace Ips.Actors.Judging;

/// <summary>Brings the windows of both generations together, time by time: what only one of them has told yet waits. Pure.</summary>
/// <remarks>Without that, an outage that both have would look for a moment like one of the successor alone, whenever its frame came
/// first.</remarks>
internal sealed class WindowPairs
{
    private const int MaxWaiting = 64; // 16 s: of a successor that has stopped telling

    private readonly Queue<WindowFrame> _before = new(), _after = new();
    private long _lastBefore = -1, _lastAfter = -1;

    /// <summary>Takes a window; one that is out of order is left out.</summary>
    public void Add(WindowFrame window, bool after)
    {
        ref var last = ref after ? ref _lastAfter : ref _lastBefore;
        if (window.Index <= last) return;
        last = window.Index;
        var waiting = after ? _after : _before;
        waiting.Enqueue(window);
        if (waiting.Count > MaxWaiting) waiting.Dequeue();
    }

    /// <summary>The next windows of the same time, and the time; false if one of the two has not told it yet.</summary>
    public bool TryTake(out long index, out WindowFrame? before, out WindowFrame? after)
    {
        (before, after) = (_before.TryPeek(out var b) ? b : null, _after.TryPeek(out var a) ? a : null);
        index = Math.Min(before?.Index ?? long.MaxValue, after?.Index ?? long.MaxValue);
        if (index > Math.Min(_lastBefore, _lastAfter)) return false;
        before = before?.Index == index ? _before.Dequeue() : null;
        after = after?.Index == index ? _after.Dequeue() : null;
        return true;
    }
}
