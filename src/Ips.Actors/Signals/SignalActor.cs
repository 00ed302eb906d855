using Akka.Actor;
using Ips.Actors.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Ips.Actors.Signals;

/// <summary>Turns POSIX signals into messages for LifecycleActor.</summary>
/// <remarks>A restart loses nothing: the handlers belong to the process, and the new actor subscribes again.</remarks>
internal sealed class SignalActor : UntypedActor
{
    private readonly ISignalSource _signals;
    private readonly IActorRef _lifecycle;
    private readonly ILogger _log;

    public SignalActor(ISignalSource signals, IActorRef lifecycle, ILogger log)
    {
        (_signals, _lifecycle, _log) = (signals, lifecycle, log);
    }

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case SignalReceived received:
                _log.SignalReceived(SignalMap.Name(received.Signal));
                _lifecycle.Tell(SignalMap.Meaning(received.Signal));
                break;
            default: Unhandled(message); break;
        }
    }

    protected override void PreStart()
    {
        var self = Self;
        _signals.Subscribe(signal => self.Tell(new SignalReceived(signal)));
        if (_signals.HangupIgnored)
        {
            _log.HangupIgnored();
        }
    }

    private sealed record SignalReceived(int Signal);
}

internal static partial class SignalLog
{
    [LoggerMessage(EventIds.SignalReceived, LogLevel.Information, "Received {Signal}.")]
    public static partial void SignalReceived(this ILogger logger, string signal);

    [LoggerMessage(EventIds.HangupIgnored, LogLevel.Information,
        "SIGHUP was ignored at startup (nohup) and stays ignored; reload with SIGUSR2.")]
    public static partial void HangupIgnored(this ILogger logger);
}

/// <summary>Where signals come from.</summary>
internal interface ISignalSource
{
    /// <summary>SIGHUP was ignored when the process started, as nohup asks, and stays so.</summary>
    bool HangupIgnored { get; }

    /// <summary>Delivers what waits and what comes to <paramref name="subscriber"/>, instead of to the one before.</summary>
    void Subscribe(Action<int> subscriber);
}
