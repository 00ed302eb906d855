using Ips.Actors.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Ips.Actors.Supervise;

internal static partial class SupervisorLog
{
    [LoggerMessage(EventIds.SupervisorStarted, LogLevel.Information, "PID {Pid} supervises: it stays while generations come and go. It started PID {Child}.")]
    public static partial void Supervises(this ILogger logger, int pid, int child);

    [LoggerMessage(EventIds.SupervisorFollows, LogLevel.Information, "Generation {Generation}, PID {Child}, is the main process; {Sockets} of its listening sockets are held.")]
    public static partial void Follows(this ILogger logger, int generation, int child, int sockets);

    [LoggerMessage(EventIds.SupervisedCrash, LogLevel.Error, "PID {Child} {Exit}; crashes in a row: {Crashes}.")]
    public static partial void Crashed(this ILogger logger, int child, string exit, int crashes);

    [LoggerMessage(EventIds.SupervisedRestart, LogLevel.Warning, "Restarting in {DelayMs} ms; clients wait in the queue of the sockets that are held.")]
    public static partial void Restarting(this ILogger logger, double delayMs);

    [LoggerMessage(EventIds.SupervisedRestarted, LogLevel.Warning, "Started PID {Child} after a crash: {Program}, on {Sockets} held sockets.")]
    public static partial void Restarted(this ILogger logger, int child, string program, int sockets);

    [LoggerMessage(EventIds.SupervisedStartFailed, LogLevel.Error, "The next generation could not be started: {Reason}")]
    public static partial void StartFailed(this ILogger logger, string reason);

    [LoggerMessage(EventIds.SupervisedEnvironmentFailed, LogLevel.Error, "Restarting with this process's own environment: {Reason}")]
    public static partial void EnvironmentFailed(this ILogger logger, string reason);

    [LoggerMessage(EventIds.SupervisorSignalLost, LogLevel.Warning, "Received {Signal}, which concerns no one now: the service is about to be restarted.")]
    public static partial void SignalLost(this ILogger logger, string signal);

    [LoggerMessage(EventIds.SupervisorEnds, LogLevel.Information, "No generation is left; the supervisor ends with exit code {Code}.")]
    public static partial void Ends(this ILogger logger, int code);
}
