using Ips.Actors.Diagnostics;
using Microsoft.Extensions.DependencyInjection;

// Where every logging provider's extension is found.
namespace Microsoft.Extensions.Logging;

/// <summary>Adds the log of Ips.</summary>
public static class LineFormatExtensions
{
    /// <summary>Writes each event as one line to stdout: UTC time with ms, level, generation, PID, source, event id, message, exception.</summary>
    /// <param name="logging">The logging builder. Other providers stay; call <c>ClearProviders()</c> first to have this one alone.</param>
    /// <param name="configure">Sets the form, and where the generation is found. Null keeps the defaults.</param>
    /// <returns><paramref name="logging"/>.</returns>
    /// <remarks>A call that logs never waits: lines queue, and a thread of the process writes each with one write(2) to file descriptor
    /// 1. So generations
    /// which share a log file never tear each other's lines, and a file reopened behind that descriptor is written to from then on. When
    /// nobody reads
    /// stdout, what is beyond 4 MiB is dropped and counted, and event 1046 says how many lines it were. What waits when the process exits
    /// is written
    /// then, for at most a second. Where JOURNAL_STREAM says that stderr is the journal, lines go there, each with the prefix that tells
    /// the journal
    /// its priority.</remarks>
    public static ILoggingBuilder AddIpsLog(this ILoggingBuilder logging, Action<LineFormatOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(logging);
        var options = new LineFormatOptions();
        configure?.Invoke(options);
        logging.Services.AddSingleton<ILoggerProvider>(_ => new LineFormatLoggerProvider(
            options, LogLane.Output, journal: LogLane.Error));
        return logging;
    }
}
