using System.Runtime.InteropServices;
using Ips.Actors.Handover;
using Ips.Actors.Posix;

namespace Ips.Actors.Signals;

/// <summary>
/// The signals of this process. Registered before anything slow, because the default action of most is death; what comes before
/// anyone subscribes waits. The registrations are rooted for the process's life: they have a finalizer that takes the handler away.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class ProcessSignals : ISignalSource
{
    private static readonly Lock InstanceGate = new();
    private static ProcessSignals? s_instance;

    private readonly Lock _gate = new();
    private readonly WaitingEvents<int> _events = new();
    private readonly List<PosixSignalRegistration> _registrations = [];
    private readonly TerminalWatch? _terminal;
    private bool _hungUp;

    private ProcessSignals()
    {
        HangupIgnored = Posix.Signals.IsIgnored(SignalNumbers.SIGHUP);
        _terminal = HangupIgnored ? null : TerminalWatch.TryOpen();
        foreach (var signal in SignalMap.Handled)
        {
            if (signal != SignalNumbers.SIGHUP || !HangupIgnored)
            {
                _registrations.Add(PosixSignalRegistration.Create((PosixSignal)signal, context =>
                {
                    UnblockHere();
                    context.Cancel = true; // no default action
                    if (signal == SignalNumbers.SIGHUP && _terminal?.IsHangup() == true) PublishHangup();
                    else Publish(signal);
                }));
            }
        }

        // A successor is spawned with these blocked, so that one sent while it started waits until now.
        UnblockHere();
    }

    // The runtime's own threads were made before this and keep the mask, and what the app starts from them would inherit it.
    private static void UnblockHere() => SignalMask.Unblock(SignalNumbers.SIGHUP, SignalNumbers.SIGUSR1, SignalNumbers.SIGUSR2);

    /// <summary>Registers the handlers at the first call.</summary>
    public static ProcessSignals Register()
    {
        lock (InstanceGate) return s_instance ??= new ProcessSignals();
    }

    /// <summary>Takes the handlers away: this process treats signals as it would without Ips. What came meanwhile comes again.</summary>
    public static void Unregister()
    {
        lock (InstanceGate)
        {
            var instance = s_instance;
            s_instance = null;
            instance?.End();
        }
    }

    public bool HangupIgnored { get; }

    public void Subscribe(Action<int> subscriber)
    {
        lock (_gate) _events.Subscribe(subscriber);
        _terminal?.Start();
    }

    private void End()
    {
        _registrations.ForEach(registration => registration.Dispose());
        _terminal?.Dispose();
        lock (_gate)
        {
            while (_events.Waiting.TryDequeue(out var signal)) Processes.TrySignal(Environment.ProcessId, Math.Abs(signal));
        }
    }

    // The shell sends one and the kernel, at the shell's end, another: a second stop would abort.
    private void PublishHangup()
    {
        if (!Interlocked.Exchange(ref _hungUp, true)) Publish(SignalMap.TerminalHangup);
    }

    private void Publish(int signal)
    {
        lock (_gate)
        {
            if (!_events.TryDeliver(signal)) _events.Waiting.Enqueue(signal);
        }
    }
}
