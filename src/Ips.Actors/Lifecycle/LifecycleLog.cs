using Ips.Actors.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Ips.Actors.Lifecycle;

internal static partial class LifecycleLog
{
    [LoggerMessage(EventIds.PathRestored, LogLevel.Warning, "{Path} was removed by somebody; it is there again.")]
    public static partial void PathRestored(this ILogger logger, string path);

    [LoggerMessage(EventIds.PathNotRestored, LogLevel.Error, "{Path} was removed by somebody and cannot be made again: {Reason}")]
    public static partial void PathNotRestored(this ILogger logger, string path, string reason);

    [LoggerMessage(EventIds.WorkingDirectoryResolved, LogLevel.Warning,
        "The next release starts in {Directory}, as this one. If it should start in {Link}, which is a link to it now, set PWD={Link} "
        + "where this service is started (systemd: Environment=PWD={Link}).")]
    public static partial void WorkingDirectoryResolved(this ILogger logger, string directory, string link);

    [LoggerMessage(EventIds.StateChanged, LogLevel.Debug, "{From} -> {To} on {Event}.")]
    public static partial void StateChanged(this ILogger logger, string from, string to, string @event);

    [LoggerMessage(EventIds.EventIgnored, LogLevel.Debug, "{State}: {What}.")]
    public static partial void Ignored(this ILogger logger, string state, string what);

    [LoggerMessage(EventIds.ReloadRefused, LogLevel.Warning, "Reload by {Source} refused: {Reason}.")]
    public static partial void ReloadRefused(this ILogger logger, string source, string reason);

    [LoggerMessage(EventIds.ReloadDeferred, LogLevel.Information, "Reload by {Source} waits for {What}.")]
    public static partial void ReloadQueued(this ILogger logger, string source, string what);

    [LoggerMessage(EventIds.ReloadPassedOn, LogLevel.Information, "Reload by {Source} was passed on to the new main process.")]
    public static partial void ReloadPassedOn(this ILogger logger, string source);

    [LoggerMessage(EventIds.ReloadNotPassedOn, LogLevel.Error,
        "Reload by {Source} could not be passed on to the new main process, and is lost; repeat it with `ips reload`: {Reason}")]
    public static partial void ReloadNotPassedOn(this ILogger logger, string source, string reason);

    [LoggerMessage(EventIds.ReloadStopped, LogLevel.Warning,
        "Reload ended after {ElapsedMs} ms by a stop of this generation: generation {Successor} (PID {Pid}) ends with it: {Reason}")]
    public static partial void ReloadStopped(this ILogger logger, double elapsedMs, int successor, int? pid, string reason);

    [LoggerMessage(EventIds.ReloadStarted, LogLevel.Information, "Reload by {Source}: starting generation {Successor}.")]
    public static partial void ReloadStarted(this ILogger logger, string source, int successor);

    [LoggerMessage(EventIds.TakeoverStarted, LogLevel.Information, "Takeover by {Source}: it becomes generation {Successor}.")]
    public static partial void TakeoverStarted(this ILogger logger, string source, int successor);

    [LoggerMessage(EventIds.ReloadPromoted, LogLevel.Information,
        "Reload done in {ElapsedMs} ms: generation {Successor} (PID {Pid}, release {Release}) is the main process.")]
    public static partial void ReloadPromoted(this ILogger logger, double elapsedMs, int successor, int? pid, string? release);

    [LoggerMessage(EventIds.ReloadFailed, LogLevel.Error,
        "Reload {Outcome} after {ElapsedMs} ms, this generation serves on: generation {Successor} (PID {Pid}): {Reason}")]
    public static partial void ReloadFailed(this ILogger logger, string outcome, double elapsedMs, int successor, int? pid, string reason);

    [LoggerMessage(EventIds.CheckStarted, LogLevel.Information,
        "Check by {Source}: starting generation {Successor}, which will not accept.")]
    public static partial void CheckStarted(this ILogger logger, string source, int successor);

    [LoggerMessage(EventIds.CheckPassed, LogLevel.Information,
        "Check passed in {ElapsedMs} ms: generation {Successor} (PID {Pid}, release {Release}) got ready and was ended.")]
    public static partial void CheckPassed(this ILogger logger, double elapsedMs, int successor, int? pid, string? release);

    [LoggerMessage(EventIds.CheckFailed, LogLevel.Error,
        "Check failed after {ElapsedMs} ms: a reload would be refused: generation {Successor} (PID {Pid}): {Reason}")]
    public static partial void CheckFailed(this ILogger logger, double elapsedMs, int successor, int? pid, string reason);

    [LoggerMessage(EventIds.Exiting, LogLevel.Information, "Exiting with code {Code} ({Name}).")]
    public static partial void Exiting(this ILogger logger, int code, string name);

    [LoggerMessage(EventIds.DrainBegan, LogLevel.Information,
        "Draining for at most {TimeoutSeconds} s; responses close their connections.")]
    public static partial void DrainBegan(this ILogger logger, double timeoutSeconds);

    [LoggerMessage(EventIds.DrainTimedOut, LogLevel.Warning, "The drain deadline of {TimeoutSeconds} s (ips.drain.timeout) has come.")]
    public static partial void DrainTimedOut(this ILogger logger, double timeoutSeconds);

    [LoggerMessage(EventIds.Stopping, LogLevel.Information, "Stop by {Source}.")]
    public static partial void Stopping(this ILogger logger, string source);

    [LoggerMessage(EventIds.ConfigurationInvalid, LogLevel.Error,
        "Reload by {Source} refused, the configuration is invalid and nothing changed: {Errors}")]
    public static partial void ConfigurationInvalid(this ILogger logger, string source, string errors);

    [LoggerMessage(EventIds.EffectFailed, LogLevel.Error, "{Effect} failed and is left out.")]
    public static partial void EffectFailed(this ILogger logger, Exception exception, string effect);

    [LoggerMessage(EventIds.LogReopened, LogLevel.Information, "Opened the log file {Path} again.")]
    public static partial void LogReopened(this ILogger logger, string path);

    [LoggerMessage(EventIds.LogReopenFailed, LogLevel.Error, "The log file could not be opened again, the old one is kept: {Reason}")]
    public static partial void LogReopenFailed(this ILogger logger, string reason);

    [LoggerMessage(EventIds.Paused, LogLevel.Warning, "Paused by {Source}: readiness fails until `ips resume`, accepting goes on.")]
    public static partial void Paused(this ILogger logger, string source);

    [LoggerMessage(EventIds.Resumed, LogLevel.Information, "Resumed by {Source}: readiness is as the state has it.")]
    public static partial void Resumed(this ILogger logger, string source);

    [LoggerMessage(EventIds.PauseRefused, LogLevel.Warning, "Request to {Verb} by {Source} refused: {Reason}.")]
    public static partial void PauseRefused(this ILogger logger, string verb, string source, string reason);

    [LoggerMessage(EventIds.Alone, LogLevel.Warning, "The predecessor is gone without a farewell; this generation goes on alone.")]
    public static partial void Alone(this ILogger logger);
}
