using Ips.Actors.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Ips.Actors.Systemd;

internal static partial class SystemdLog
{
    [LoggerMessage(EventIds.NotifyFailed, LogLevel.Warning, "The service manager cannot be told at NOTIFY_SOCKET={Socket}: {Reason}. Told once until it works again.")]
    public static partial void NotifyFailed(this ILogger logger, string socket, string reason);
}
