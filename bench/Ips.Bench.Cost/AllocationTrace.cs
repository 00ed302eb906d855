using System.Collections.Concurrent;
using System.Diagnostics.Tracing;

namespace Ips.Bench.Cost;

/// <summary>What the process allocates, from the runtime's own events: the type of an object about every 100 KB.</summary>
internal sealed class AllocationTrace : EventListener
{
    private const string Runtime = "Microsoft-Windows-DotNETRuntime";
    private const EventKeywords Gc = (EventKeywords)1;
    private static AllocationTrace? s_trace;
    private readonly ConcurrentDictionary<string, int> _types = new();

    /// <summary>Bytes allocated so far, and what the trace has seen since the call before; the first call starts the trace.</summary>
    public static Allocated Read()
    {
        s_trace ??= new AllocationTrace();
        var seen = s_trace._types.ToDictionary();
        s_trace._types.Clear();
        return new Allocated(GC.GetTotalAllocatedBytes(precise: true), seen);
    }

    protected override void OnEventSourceCreated(EventSource eventSource)
    {
        if (eventSource.Name == Runtime) EnableEvents(eventSource, EventLevel.Verbose, Gc);
    }

    protected override void OnEventWritten(EventWrittenEventArgs eventData)
    {
        if (eventData.EventName?.StartsWith("GCAllocationTick", StringComparison.Ordinal) == true
            && eventData.PayloadNames!.IndexOf("TypeName") is >= 0 and var at)
        {
            _types.AddOrUpdate((string)eventData.Payload![at]!, 1, (_, count) => count + 1);
        }
    }
}

/// <summary>What a process has allocated.</summary>
/// <param name="Bytes">All of it.</param>
/// <param name="Types">Types that the trace has met, and how often.</param>
internal sealed record Allocated(long Bytes, IReadOnlyDictionary<string, int> Types);
