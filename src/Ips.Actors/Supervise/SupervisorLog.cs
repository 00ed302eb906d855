using Ips.Actors.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Ips.Actors.Supervise;

internal static partial class SupervisorLog
{
    [LoggerMessage(EventIds.SupervisorStarted, LogLevel.Information,
        "PID {Pid} supervises: it stays while generations come and go. It started PID {Child}.")]
    public static partial void Supervises(this ILogger logger, int pid, int child);

    [LoggerMessage(EventIds.SupervisorFollows, LogLevel.Information,
        "Generation {Generation}, PID {Child}, is the main process; {Sockets} of its listening sockets are held.")]
    public static partial void Follows(this ILogger logger, int generation, int child, int sockets);

    [LoggerMessage(EventIds.SupervisedCrash, LogLevel.Error, "PID {Child} {Exit}; crashes in a row: {Crashes}.")]
    public static partial void Crashed(this ILogger logger, int child, string exit, int crashes);

    [LoggerMessage(EventIds.SupervisedRestart, LogLevel.Warning,
        "Restarting in {DelayMs} ms; clients wait in the queue of the sockets that are held.")]
    public static partial void Restarting(this ILogger logger, double delayMs);

    [LoggerMessage(EventIds.SupervisedRestarted, LogLevel.Warning,
        "Started PID {Child} after a crash: {Program}, on {Sockets} held sockets.")]
    public static partial void Restarted(this ILogger logger, int child, string program, int sockets);

    [LoggerMessage(EventIds.SupervisedStartFailed, LogLevel.Error, "The next generation could not be started: {Reason}")]
    public static partial void StartFailed(this ILogger logger, string reason);

    [LoggerMessage(EventIds.SupervisedEnvironmentFailed, LogLevel.Error, "Restarting with this process's own environment: {Reason}")]
    public static partial void EnvironmentFailed(this ILogger logger, string reason);

    [LoggerMessage(EventIds.SupervisorSignalLost, LogLevel.Warning,
        "Received {Signal}, which concerns no one now: the service is about to be restarted.")]
    public static partial void SignalLost(this ILogger logger, string signal);

    [LoggerMessage(EventIds.SupervisorPacketIgnored, LogLevel.Warning,
        "Ignored a packet of PID {Pid}, uid {UserId}: {Reason}. {Unlogged} more were ignored since the last such line.")]
    public static partial void PacketIgnored(this ILogger logger, int pid, uint userId, string reason, int unlogged);

    [LoggerMessage(EventIds.SupervisorSocketsLost, LogLevel.Warning,
        "The sockets of PID {Pid} came without their descriptors, of which this process has none left (ulimit -n): none is held, and a "
            + "restart binds anew.")]
    public static partial void SocketsLost(this ILogger logger, int pid);

    [LoggerMessage(EventIds.SupervisorChannelEnded, LogLevel.Error,
        "The channel of the generations has ended: {Reason}. Reloads are not followed until this process has restarted the service.")]
    public static partial void ChannelEnded(this ILogger logger, string reason);

    [LoggerMessage(EventIds.SupervisorSignalFailed, LogLevel.Warning, "{Signal} could not be passed on to PID {Pid}: {Reason}")]
    public static partial void SignalFailed(this ILogger logger, string signal, int pid, string reason);

    [LoggerMessage(EventIds.SupervisedUnbindable, LogLevel.Error,
        "The service gave up the sockets that root had opened for it, and nothing of it may open them again: start it again as root.")]
    public static partial void Unbindable(this ILogger logger);

    [LoggerMessage(EventIds.SupervisorNotDetached, LogLevel.Warning,
        "This process still runs from the files in {Folder}, and dies if somebody writes over them: {Reason}")]
    public static partial void NotDetached(this ILogger logger, string folder, string reason);

    [LoggerMessage(EventIds.SupervisorEnds, LogLevel.Information, "No generation is left; the supervisor ends with exit code {Code}.")]
    public static partial void Ends(this ILogger logger, int code);
}
