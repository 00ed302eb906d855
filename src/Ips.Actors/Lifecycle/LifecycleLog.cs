using Ips.Actors.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Ips.Actors.Lifecycle;

internal static partial class LifecycleLog
{
    [LoggerMessage(EventIds.PathRestored, LogLevel.Warning, "{Path} was removed and has been restored.")]
    public static partial void PathRestored(this ILogger logger, string path);

    [LoggerMessage(EventIds.PathNotRestored, LogLevel.Error, "{Path} was removed and cannot be restored: {Reason}")]
    public static partial void PathNotRestored(this ILogger logger, string path, string reason);

    [LoggerMessage(EventIds.WorkingDirectoryResolved, LogLevel.Warning,
        "Reloads start in {Directory}. To follow {Link}, set PWD={Link} (systemd: Environment=PWD={Link}).")]
    public static partial void WorkingDirectoryResolved(this ILogger logger, string directory, string link);

    [LoggerMessage(EventIds.StateChanged, LogLevel.Debug, "{From} -> {To} on {Event}.")]
    public static partial void StateChanged(this ILogger logger, string from, string to, string @event);

    [LoggerMessage(EventIds.EventIgnored, LogLevel.Debug, "{State}: {What}.")]
    public static partial void Ignored(this ILogger logger, string state, string what);

    [LoggerMessage(EventIds.ReloadRefused, LogLevel.Warning, "Reload by {Source} refused: {Reason}.")]
    public static partial void ReloadRefused(this ILogger logger, string source, string reason);

    [LoggerMessage(EventIds.ReloadDeferred, LogLevel.Information, "Reload by {Source} waits for {What}.")]
    public static partial void ReloadQueued(this ILogger logger, string source, string what);

    [LoggerMessage(EventIds.ReloadPassedOn, LogLevel.Information, "Reload by {Source} was forwarded to the new main process.")]
    public static partial void ReloadPassedOn(this ILogger logger, string source);

    [LoggerMessage(EventIds.ReloadNotPassedOn, LogLevel.Error,
        "Reload by {Source} was lost, as forwarding it failed; repeat it with `ips reload`: {Reason}")]
    public static partial void ReloadNotPassedOn(this ILogger logger, string source, string reason);

    [LoggerMessage(EventIds.ReloadStopped, LogLevel.Warning,
        "Reload to generation {Successor} (PID {Pid}) stopped with this one after {ElapsedMs} ms: {Reason}")]
    public static partial void ReloadStopped(this ILogger logger, double elapsedMs, int successor, int? pid, string reason);

    [LoggerMessage(EventIds.ReloadStarted, LogLevel.Information, "Reload by {Source}: starting generation {Successor}.")]
    public static partial void ReloadStarted(this ILogger logger, string source, int successor);

    [LoggerMessage(EventIds.TakeoverStarted, LogLevel.Information, "Takeover by {Source}: it becomes generation {Successor}.")]
    public static partial void TakeoverStarted(this ILogger logger, string source, int successor);

    [LoggerMessage(EventIds.ReloadPromoted, LogLevel.Information,
        "Promoted generation {Successor} (PID {Pid}, release {Release}) after {ElapsedMs} ms.")]
    public static partial void ReloadPromoted(this ILogger logger, double elapsedMs, int successor, int? pid, string? release);

    [LoggerMessage(EventIds.ReloadFailed, LogLevel.Error,
        "Reload to generation {Successor} (PID {Pid}) {Outcome} after {ElapsedMs} ms, still serving: {Reason}")]
    public static partial void ReloadFailed(this ILogger logger, string outcome, double elapsedMs, int successor, int? pid, string reason);

    [LoggerMessage(EventIds.CheckStarted, LogLevel.Information,
        "Check by {Source}: starting generation {Successor}, which will not accept connections.")]
    public static partial void CheckStarted(this ILogger logger, string source, int successor);

    [LoggerMessage(EventIds.CheckPassed, LogLevel.Information,
        "Generation {Successor} (PID {Pid}, release {Release}) passed the check in {ElapsedMs} ms.")]
    public static partial void CheckPassed(this ILogger logger, double elapsedMs, int successor, int? pid, string? release);

    [LoggerMessage(EventIds.CheckFailed, LogLevel.Error,
        "Generation {Successor} (PID {Pid}) failed the check after {ElapsedMs} ms: {Reason}")]
    public static partial void CheckFailed(this ILogger logger, double elapsedMs, int successor, int? pid, string reason);

    [LoggerMessage(EventIds.Exiting, LogLevel.Information, "Exiting with code {Code} ({Name}).")]
    public static partial void Exiting(this ILogger logger, int code, string name);

    [LoggerMessage(EventIds.DrainBegan, LogLevel.Information,
        "Draining for up to {TimeoutSeconds} s (ips.drain.timeout); responses close their connections.")]
    public static partial void DrainBegan(this ILogger logger, double timeoutSeconds);

    [LoggerMessage(EventIds.DrainTimedOut, LogLevel.Warning, "The drain reached its deadline of {TimeoutSeconds} s (ips.drain.timeout).")]
    public static partial void DrainTimedOut(this ILogger logger, double timeoutSeconds);

    [LoggerMessage(EventIds.Stopping, LogLevel.Information, "Stop by {Source}.")]
    public static partial void Stopping(this ILogger logger, string source);

    [LoggerMessage(EventIds.ConfigurationInvalid, LogLevel.Error,
        "Reload by {Source} refused, nothing changed: the configuration is invalid. {Errors}")]
    public static partial void ConfigurationInvalid(this ILogger logger, string source, string errors);

    [LoggerMessage(EventIds.EffectFailed, LogLevel.Error, "{Effect} failed and was skipped.")]
    public static partial void EffectFailed(this ILogger logger, Exception exception, string effect);

    [LoggerMessage(EventIds.LogReopened, LogLevel.Information, "Reopened the log file {Path}.")]
    public static partial void LogReopened(this ILogger logger, string path);

    [LoggerMessage(EventIds.LogReopenFailed, LogLevel.Error, "The log file could not be reopened; still using the old one: {Reason}")]
    public static partial void LogReopenFailed(this ILogger logger, string reason);

    [LoggerMessage(EventIds.Paused, LogLevel.Warning,
        "Paused by {Source}: readiness fails until `ips resume`, but connections are accepted.")]
    public static partial void Paused(this ILogger logger, string source);

    [LoggerMessage(EventIds.Resumed, LogLevel.Information, "Resumed by {Source}: readiness follows the state again.")]
    public static partial void Resumed(this ILogger logger, string source);

    [LoggerMessage(EventIds.PauseRefused, LogLevel.Warning, "Request to {Verb} by {Source} refused: {Reason}.")]
    public static partial void PauseRefused(this ILogger logger, string verb, string source, string reason);

    [LoggerMessage(EventIds.Alone, LogLevel.Warning, "The predecessor ended without its farewell; this generation continues alone.")]
    public static partial void Alone(this ILogger logger);
}
