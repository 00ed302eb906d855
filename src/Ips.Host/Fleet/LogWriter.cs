using System.Text;
using Microsoft.Extensions.Logging;

namespace Ips.Host.Fleet;

/// <summary>Logs each line that a command would print.</summary>
internal sealed class LogWriter(ILogger log) : TextWriter
{
    private const int MostCharacters = 4096;

    private readonly StringBuilder _line = new();

    public override Encoding Encoding => Encoding.UTF8;

    public override void Write(char value)
    {
        if (value is not '\n' && _line.Length < MostCharacters)
        {
            _line.Append(value);
            return;
        }

        var line = _line.ToString().Trim();
        _line.Clear();
        if (line.Length > 0) log.DriverSays(line);
    }
}

internal static partial class DriverLog
{
    [LoggerMessage(DriverEventIds.Says, LogLevel.Information, "Service: {Line}")]
    public static partial void DriverSays(this ILogger logger, string line);

    [LoggerMessage(DriverEventIds.Waits, LogLevel.Information, "Waits for the reload in progress: {What}")]
    public static partial void DriverWaits(this ILogger logger, string what);

    [LoggerMessage(DriverEventIds.Incomplete, LogLevel.Warning, "Release {Release} serves and is in place, but: {Reason}")]
    public static partial void DriverIncomplete(this ILogger logger, string release, string reason);
}

/// <summary>The ids of the driver's log events.</summary>
internal static class DriverEventIds
{
    public const int Says = 5901;
    public const int Waits = 5902;
    public const int Incomplete = 5903;
}
