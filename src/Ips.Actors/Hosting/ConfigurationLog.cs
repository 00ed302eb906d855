using Ips.Actors.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Ips.Actors.Hosting;

internal static partial class ConfigurationLog
{
    [LoggerMessage(EventIds.ConfigurationChanged, LogLevel.Information, "This reload changes {Key}: it is {New}, and was {Old}.")]
    public static partial void ConfigurationChanged(this ILogger logger, string key, string @new, string old);
}
