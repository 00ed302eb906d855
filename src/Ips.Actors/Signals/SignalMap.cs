using Ips.Actors.Lifecycle;
using Ips.Actors.Posix;

namespace Ips.Actors.Signals;

/// <summary>What each signal asks for. docs/signals.md is this table for operators.</summary>
internal static class SignalMap
{
    /// <summary>Every signal that is acted on.</summary>
    public static IReadOnlyList<int> Handled { get; } =
        [SignalNumbers.SIGUSR2, SignalNumbers.SIGHUP, SignalNumbers.SIGUSR1, SignalNumbers.SIGTERM, SignalNumbers.SIGINT,
            SignalNumbers.SIGQUIT];

    /// <summary>Stands for the SIGHUP that comes with the end of the terminal.</summary>
    public const int TerminalHangup = -SignalNumbers.SIGHUP;

    /// <summary>The message for LifecycleActor: a <see cref="LifecycleEvent"/> or a <see cref="LifecycleProtocol.Reload"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The signal is neither in <see cref="Handled"/> nor <see
    /// cref="TerminalHangup"/>.</exception>
    public static object Meaning(int signal) => signal switch
    {
        SignalNumbers.SIGUSR2 => new LifecycleProtocol.Reload(Name(signal)) { Trigger = ReloadTrigger.Signal },
        SignalNumbers.SIGHUP => new LifecycleProtocol.Reload(Name(signal), CheckFirst: true) { Trigger = ReloadTrigger.Signal },
        SignalNumbers.SIGUSR1 => new LifecycleEvent.LogReopenRequested(),
        SignalNumbers.SIGTERM or SignalNumbers.SIGINT or SignalNumbers.SIGQUIT or TerminalHangup =>
            new LifecycleEvent.StopRequested(Name(signal)),
        _ => throw new ArgumentOutOfRangeException(nameof(signal), signal, "No meaning is given to this signal."),
    };

    /// <summary>The signal's name, such as <c>SIGUSR2</c>.</summary>
    public static string Name(int signal) => signal switch
    {
        SignalNumbers.SIGUSR2 => "SIGUSR2",
        SignalNumbers.SIGHUP => "SIGHUP",
        SignalNumbers.SIGUSR1 => "SIGUSR1",
        SignalNumbers.SIGTERM => "SIGTERM",
        SignalNumbers.SIGINT => "SIGINT",
        SignalNumbers.SIGQUIT => "SIGQUIT",
        TerminalHangup => "SIGHUP of the closed terminal",
        _ => $"signal {signal}",
    };
}
