using Microsoft.Extensions.Logging;

namespace Ips.Fleet.Cluster;

/// <summary>The log events of an agent's network.</summary>
internal static partial class FleetLog
{
    [LoggerMessage(FleetEventIds.Network, LogLevel.Information, "{Source}: {Text}")]
    internal static partial void Network(this ILogger logger, string source, string text);

    [LoggerMessage(FleetEventIds.NetworkDetail, LogLevel.Debug, "{Source}: {Text}")]
    internal static partial void NetworkDetail(this ILogger logger, string source, string text);

    [LoggerMessage(FleetEventIds.NetworkWarned, LogLevel.Warning, "{Source}: {Text}")]
    internal static partial void NetworkWarned(this ILogger logger, string source, string text);

    [LoggerMessage(FleetEventIds.NetworkFailed, LogLevel.Error, "{Source}: {Text}")]
    internal static partial void NetworkFailed(this ILogger logger, Exception? error, string source, string text);

    [LoggerMessage(FleetEventIds.PeerRefused, LogLevel.Warning, "{Text}")]
    internal static partial void PeerRefused(this ILogger logger, string text);

    [LoggerMessage(FleetEventIds.LinesHidden, LogLevel.Warning, "Lines of {Source} that were not shown: {Count}.")]
    internal static partial void LinesHidden(this ILogger logger, string source, long count);
}

/// <summary>Ids of the log events of <c>Ips.Fleet</c>: 6000 to 6099 for its network.</summary>
internal static class FleetEventIds
{
    public const int Network = 6000;
    public const int NetworkWarned = 6001;
    public const int NetworkFailed = 6002;
    public const int PeerRefused = 6003;
    public const int LinesHidden = 6004;
    public const int NetworkDetail = 6005;
}
