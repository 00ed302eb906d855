using System.Collections.Concurrent;
using Ips.Actors.Lifecycle;
using Ips.Actors.Transport;
using Microsoft.Extensions.Logging;

namespace Ips.Actors.Hosting;

/// <summary>Counts WebSockets of another generation that this one has refused, and logs each reason once.</summary>
[SupportedOSPlatform("linux")]
internal sealed class ReplayReport(ServiceCounts counts, ILogger log)
{
    private readonly ConcurrentDictionary<string, bool> _told = new();

    /// <summary>One was answered again.</summary>
    /// <param name="refusal">Why it was closed; null if it was not.</param>
    public void Tell(string? refusal)
    {
        if (refusal is null) return; // counted as moved
        counts.Add($"refused/{refusal}", 1);
        if (_told.TryAdd(refusal, true)) log.UpgradesRefused(refusal);
    }
}
