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

    /// <summary>Adds the connections of a window, which are new in it and stay: also before the first step.</summary>
    public void AddConnections(WindowFrame? window) => Connections += window?.Connections ?? 0;

    /// <summary>Adds a window.</summary>
    public void Add(WindowFrame window) => (Started, Overdue) = (Started + window.Started, Overdue + (window.Overdue?.Count ?? 0));
}
