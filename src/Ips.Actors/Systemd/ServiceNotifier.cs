using System.Net.Sockets;
using Ips.Actors.Diagnostics;
using Ips.Actors.Launch;
using Ips.Actors.Lifecycle;
using Microsoft.Extensions.Logging;

namespace Ips.Actors.Systemd;

/// <summary>Tells the service manager what LifecycleActor does; that actor, whose restarts it outlives, is the only user.</summary>
/// <remarks>The signs of life are messages that LifecycleActor sends to itself every <see cref="TurnInterval"/>: when its loop hangs, they
/// end.</remarks>
internal sealed class ServiceNotifier(
    NotifySettings settings, INotifySocket socket, int pid, int generation, TimeProvider time, ILogger log)
    : IServiceNotifier
{
    private static readonly TimeSpan LongestTurn = TimeSpan.FromSeconds(5);

    private NotifyStanding _standing = new();
    private bool _failed;

    public TimeSpan TurnInterval { get; } = settings.WatchdogInterval is { } watchdog
        && watchdog / 3 < LongestTurn ? watchdog / 3 : LongestTurn;

    public void After(LifecycleEffect effect, LifecycleState state, ReloadReceipt? lastReceipt, int? successorPid, bool takeover = false)
    {
        (_standing, var message) = NotifyMachine.After(_standing, effect,
            Facts(state, lastReceipt) with { SuccessorPid = successorPid, Takeover = takeover });
        Send(message);
    }

    public void Refused(LifecycleState state, ReloadReceipt receipt) => Send(NotifyMachine.Refused(_standing, Facts(state, receipt)));

    public void Turn() => Send(NotifyMachine.OnTurn(_standing, settings.WatchdogInterval is not null), wait: false); // the next one follows

    private NotifyFacts Facts(LifecycleState state, ReloadReceipt? lastReceipt) => new(
        pid, generation, settings.Supervised, state,
        (long)(time.GetTimestamp() * (1_000_000.0 / time.TimestampFrequency)), // .NET's timestamps are CLOCK_MONOTONIC
        settings.WatchdogInterval is not null, lastReceipt);

    // The service goes on without a manager that listens, as under none.
    private void Send(NotifyMessage? message, bool wait = true)
    {
        if (message is null) return;
        try
        {
            socket.Send(NotifyCodec.Encode(message), wait);
            _failed = false;
        }
        catch (SocketException e)
        {
            if (!_failed) log.NotifyFailed(settings.Socket, e.Message);
            _failed = true;
        }
    }
}

internal static partial class SystemdLog
{
    [LoggerMessage(EventIds.NotifyFailed, LogLevel.Warning,
        "NOTIFY_SOCKET={Socket} does not reach the service manager; logged once until it does: {Reason}")]
    public static partial void NotifyFailed(this ILogger logger, string socket, string reason);
}
