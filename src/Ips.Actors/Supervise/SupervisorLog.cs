using Ips.Actors.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Ips.Actors.Supervise;

internal static partial class SupervisorLog
{
    [LoggerMessage(EventIds.SupervisorStarted, LogLevel.Information, "Supervisor (PID {Pid}) started the service as PID {Child}.")]
    public static partial void Supervises(this ILogger logger, int pid, int child);

    [LoggerMessage(EventIds.SupervisorFollows, LogLevel.Information,
        "Generation {Generation} (PID {Child}) is the main process; holding {Sockets:listening socket}.")]
    public static partial void Follows(this ILogger logger, int generation, int child, Quantity sockets);

    [LoggerMessage(EventIds.SupervisedCrash, LogLevel.Error, "PID {Child} {Exit}; crashes in a row: {Crashes}.")]
    public static partial void Crashed(this ILogger logger, int child, string exit, int crashes);

    [LoggerMessage(EventIds.SupervisedRestart, LogLevel.Warning,
        "Restarting in {DelayMs} ms; clients wait in the queue of the held sockets.")]
    public static partial void Restarting(this ILogger logger, double delayMs);

    [LoggerMessage(EventIds.SupervisedRestarted, LogLevel.Warning,
        "Started PID {Child} after a crash: {Program}, on {Sockets:held socket}.")]
    public static partial void Restarted(this ILogger logger, int child, string program, Quantity sockets);

    [LoggerMessage(EventIds.SupervisedStartFailed, LogLevel.Error, "The next generation could not be started: {Reason}")]
    public static partial void StartFailed(this ILogger logger, string reason);

    [LoggerMessage(EventIds.SupervisedEnvironmentFailed, LogLevel.Error, "Restarting with this process's own environment: {Reason}")]
    public static partial void EnvironmentFailed(this ILogger logger, string reason);

    [LoggerMessage(EventIds.SupervisorSignalLost, LogLevel.Warning, "Ignored {Signal}: the service is about to be restarted.")]
    public static partial void SignalLost(this ILogger logger, string signal);

    [LoggerMessage(EventIds.SupervisorPacketIgnored, LogLevel.Warning,
        "Ignored a packet from PID {Pid} (uid {UserId}), {Unlogged} more since the last such line: {Reason}")]
    public static partial void PacketIgnored(this ILogger logger, int pid, uint userId, string reason, int unlogged);

    [LoggerMessage(EventIds.SupervisorSocketsLost, LogLevel.Warning,
        "Sockets of PID {Pid} came without descriptors (ulimit -n), so a restart binds new ones.")]
    public static partial void SocketsLost(this ILogger logger, int pid);

    [LoggerMessage(EventIds.SupervisorChannelEnded, LogLevel.Error,
        "The channel to the generations ended; reloads are not tracked until a restart: {Reason}")]
    public static partial void ChannelEnded(this ILogger logger, string reason);

    [LoggerMessage(EventIds.SupervisorSignalFailed, LogLevel.Warning, "{Signal} could not be forwarded to PID {Pid}: {Reason}")]
    public static partial void SignalFailed(this ILogger logger, string signal, int pid, string reason);

    [LoggerMessage(EventIds.SupervisedUnbindable, LogLevel.Error,
        "The privileged sockets are closed, and only root can bind them. Start the service again as root.")]
    public static partial void Unbindable(this ILogger logger);

    [LoggerMessage(EventIds.SupervisorNotDetached, LogLevel.Warning,
        "Still running from the files in {Folder}; overwriting them kills this process: {Reason}")]
    public static partial void NotDetached(this ILogger logger, string folder, string reason);

    [LoggerMessage(EventIds.SupervisorEnds, LogLevel.Information, "No generation remains; the supervisor exits with code {Code}.")]
    public static partial void Ends(this ILogger logger, int code);
}
