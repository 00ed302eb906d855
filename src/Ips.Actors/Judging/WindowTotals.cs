using Ips.Actors.Handover;

namespace Ips.Actors.Judging;

/// <summary>What the windows of one generation add up to. Pure.</summary>
internal sealed class WindowTotals
{
    /// <summary>Connections that had a request.</summary>
    public long Connections { get; private set; }

    /// <summary>Requests that began.</summary>
    public long Started { get; private set; }

    /// <summary>Requests that were unanswered after 1 s.</summary>
    public long Overdue { get; private set; }

    /// <summary>Processor time of a request, in ms, after the first seconds; null if there was no request.</summary>
    public double? ProcessorMs => _requests > 0 ? _processorUs / 1000.0 / _requests : null;

    /// <summary>Bytes that a request allocates, after the first seconds; null if there was no request.</summary>
    public double? AllocatedBytes => _requests > 0 ? (double)_allocatedBytes / _requests : null;

    private long _requests, _processorUs, _allocatedBytes;

    /// <summary>Adds the connections of a window, which are new in it and stay: also before the first step.</summary>
    public void AddConnections(WindowFrame? window) => Connections += window?.Connections ?? 0;

    /// <summary>Adds a window.</summary>
    /// <param name="window">The window.</param>
    /// <param name="settled">The first seconds are over.</param>
    public void Add(WindowFrame window, bool settled)
    {
        Started += window.Started;
        Overdue += window.Overdue?.Count ?? 0;
        if (!settled) return;
        _requests += window.Routes.Sum(route => (long)route.Requests);
        (_processorUs, _allocatedBytes) = (_processorUs + window.ProcessorUs, _allocatedBytes + window.AllocatedBytes);
    }
}
