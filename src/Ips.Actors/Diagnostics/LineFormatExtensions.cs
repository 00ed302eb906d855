using Ips.Actors.Diagnostics;
using Microsoft.Extensions.DependencyInjection;

// Where every logging provider's extension is found.
namespace Microsoft.Extensions.Logging;

/// <summary>Adds the log of Ips to an app.</summary>
public static class LineFormatExtensions
{
    /// <summary>Adds a logging provider that writes each event as one line to stdout: UTC time with milliseconds, level, generation, PID,
    /// source, event id, message, exception. If <c>JOURNAL_STREAM</c> says that stderr is the journal, lines go to stderr instead, each
    /// with the prefix that carries its priority. On a terminal the time is short and levels have a colour, unless <c>NO_COLOR</c> is
    /// set or <c>TERM</c> is <c>dumb</c>. Where the system is not Linux, it adds .NET's own console provider.</summary>
    /// <param name="logging">The logging builder. Other providers stay; call <c>ClearProviders()</c> first to have only this one.</param>
    /// <param name="configure">Sets the form of the lines and where the generation comes from. Null keeps the defaults.</param>
    /// <returns>The same builder.</returns>
    /// <remarks>A call that logs never waits. Lines are queued, and one thread of the process writes each with a single write(2) to file
    /// descriptor 1. So generations that share a log file never tear each other's lines, and a file reopened behind that descriptor is used
    /// from then on. If nobody reads stdout, lines beyond 4 MiB are dropped, and event 1046 reports how many. Lines that wait when the
    /// process exits are still written, for at most one second.</remarks>
    public static ILoggingBuilder AddIpsLog(this ILoggingBuilder logging, Action<LineFormatOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(logging);
        if (!OperatingSystem.IsLinux()) return logging.AddConsole();
        var options = new LineFormatOptions();
        configure?.Invoke(options);
        logging.Services.AddSingleton(CreateProvider(options));
        return logging;
    }

    [SupportedOSPlatform("linux")]
    private static Func<IServiceProvider, ILoggerProvider> CreateProvider(LineFormatOptions options) =>
        _ => new LineFormatLoggerProvider(options, LogLane.Output, journal: LogLane.Error);
}
