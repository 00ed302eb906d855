using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Ips.Actors.Diagnostics;
using Ips.Actors.Handover;
using Ips.Actors.Launch;
using Ips.Actors.Lifecycle;
using Ips.Actors.Posix;
using Ips.Actors.Signals;
using Microsoft.Extensions.Logging;

namespace Ips.Actors.Supervise;

/// <summary>
/// A parent that keeps its PID while generations come and go below it: a shell, a terminal, a container or a service manager watches
/// this process, and it ends with the exit code of the service. It serves nothing itself, but holds copies of the listening sockets, so
/// that a service that crashed is restarted on them.
/// </summary>
/// <remarks>What it decides is in <see cref="SupervisorMachine"/>; all of it happens on one thread. One a process.</remarks>
[SupportedOSPlatform("linux")]
internal sealed partial class SupervisorProcess : IDisposable
{
    private const int Init = 1;

    // What arrives as a message of its own; a terminal sends SIGINT and SIGQUIT to every process of its foreground group by itself.
    private static readonly int[] OfTheTerminal = [SignalNumbers.SIGINT, SignalNumbers.SIGQUIT];

    private static readonly TimeSpan OrphanInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ReapTimeout = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Endless = TimeSpan.FromDays(1);

    private readonly BlockingCollection<Action> _inbox = [];
    private readonly long _startedAt = Stopwatch.GetTimestamp();
    private readonly AutoResetEvent _spawned = new(false);
    private readonly KnownGenerations _generations = new();
    private readonly HeldSockets _held = new();
    private readonly StartCommand _command;
    private readonly ILogger _log;
    private NewsSocket _news;
    private SupervisorState _state = new() { BoundByRoot = EarlySockets.Count > 0 };
    private RestartHandover? _restart;
    private LastGoodRelease? _previous; // of the release that served before the one that serves
    private readonly Dictionary<int, ReleaseFiles> _files = []; // of the generations, by PID
    private int _startedPid;
    private int? _exitCode;

    private SupervisorProcess(StartCommand command, ILogger log)
    {
        (_command, _log) = (command, log);
        _news = OpenNews();
    }

    private TimeSpan Now => Stopwatch.GetElapsedTime(_startedAt);

    /// <summary>Whether this process should be one although nobody asked for it: it is PID 1, whose end is the end of its container, or it
    /// is in the foreground of a terminal; and it is neither a successor nor started by <c>ips start</c> or a supervisor. On a terminal
    /// it is not needed either if sockets were passed to this very process, as systemd-socket-activate does: a child would not get
    /// them.</summary>
    public static bool IsNeeded() => IsNeeded(Environment.GetEnvironmentVariable, Environment.ProcessId, Terminal.HasForegroundTerminal());

    internal static bool IsNeeded(Func<string, string?> variable, int pid, bool onTerminal) =>
        (pid == Init || (onTerminal && variable(ActivationParser.PidVariable) != Text(pid)))
        && variable(HandoverVariables.Fd) is null
        && variable(HandoverVariables.StartFd) is null
        && variable(HandoverVariables.SupervisorPid) is null;

    /// <summary>Starts this program again as the first generation, and waits until no generation is left.</summary>
    /// <param name="arguments">Its arguments, as many as this process has; null for the same ones.</param>
    /// <param name="format">The form of the lines that are logged to stdout.</param>
    /// <returns>The exit code of the service; 128 and the signal's number if a signal ended it, as shells have it.</returns>
    /// <exception cref="IOException">No descriptor is left.</exception>
    public static int Run(IReadOnlyList<string>? arguments, LineFormat format)
    {
        var command = GenerationStart.CaptureStartCommand();
        if (arguments is not null)
        {
            command = command with { Arguments = [.. command.Arguments.Take(command.Arguments.Count - arguments.Count), .. arguments] };
        }

        using var provider = new LineFormatLoggerProvider(new LineFormatOptions { Format = format }, LogLane.Output);
        using var parent = new SupervisorProcess(command, provider.CreateLogger(typeof(SupervisorProcess).FullName!));
        return parent.Run();
    }

    /// <summary>Closes what is held; the process is about to end.</summary>
    public void Dispose()
    {
        _held.Release();
        _restart?.Dispose();
        _news.Dispose(); // the inbox is not: threads that end with the process may still write to it
    }

    private int Run()
    {
        ProcessAttributes.BecomeSubreaper(); // so that a generation whose predecessor has gone becomes our child
        List<PosixSignalRegistration> registrations = [.. SignalMap.Handled.Select(Register)];
        Start(lastGood: false, isFirst: true);
        new Thread(ReapForEver) { IsBackground = true, Name = "ips-reap" }.Start();

        // What parsing the command line and the configuration needed is not needed again.
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        DetachFromRelease();
        while (_exitCode is null)
        {
            // The predecessor waits for a successor that failed, so this process is not notified of its end: while there may be such
            // successors, it looks for them.
            if (_inbox.TryTake(out var next, _generations.Count > 1 ? LookInterval : Timeout.InfiniteTimeSpan)) next();
            else if (!_state.AwaitsSuccessor) ForgetEnded();
        }

        _held.Release(); // while the log line below is written nobody connects to a service that has ended
        GC.KeepAlive(registrations); // their finalizers would take the handlers away
        _log.Ends(_exitCode.Value);
        return _exitCode.Value;
    }

    // Somebody will copy a new release over the files of this one, and a generation dies of it: it can be restarted only if this process
    // lives.
    private void DetachFromRelease()
    {
        try
        {
            PrivateImage.Detach(FileDescriptors.RealPath(AppContext.BaseDirectory));
        }
        catch (IOException e)
        {
            _log.NotDetached(AppContext.BaseDirectory, e.Message);
        }
    }

    private PosixSignalRegistration Register(int signal)
    {
        var byTerminal = OfTheTerminal.Contains(signal) && Terminal.HasForegroundTerminal();
        var terminal = signal == SignalNumbers.SIGHUP && !Posix.Signals.IsIgnored(signal) ? TerminalWatch.TryOpen() : null;
        terminal?.Start();
        var stops = SignalMap.Meaning(signal) is Lifecycle.LifecycleEvent.StopRequested;
        return PosixSignalRegistration.Create((PosixSignal)signal, context =>
        {
            context.Cancel = true; // no default action
            // The end of the terminal too is told to the whole foreground group, and the service stops.
            if (!byTerminal && terminal?.IsHangup() != true) _inbox.Add(() => Apply(new SupervisorEvent.Signalled(signal, stops)));
        });
    }

    private void Apply(SupervisorEvent @event)
    {
        var (state, effects) = SupervisorMachine.Next(_state, @event);
        _state = state;
        foreach (var effect in effects) Run(effect);
    }

    private void Run(SupervisorEffect effect)
    {
        switch (effect)
        {
            case SupervisorEffect.Start start:
                Start(start.LastGood, isFirst: false);
                break;
            case SupervisorEffect.ArmBackOff back:
                _log.Restarting(back.Delay.TotalMilliseconds);
                _ = Task.Delay(back.Delay).ContinueWith(_ => _inbox.Add(() => Apply(new SupervisorEvent.BackOffOver())),
                    TaskScheduler.Default);
                break;
            case SupervisorEffect.Forward forward:
                Forward(forward.Pid, forward.Signal);
                break;
            case SupervisorEffect.ExplainLostSignal lost:
                _log.SignalLost(SignalMap.Name(lost.Signal));
                break;
            case SupervisorEffect.NoteCrash crash:
                var about = _files.GetValueOrDefault(crash.Pid)?.Explain(crash.How);
                _log.Crashed(crash.Pid, about is null ? $"{crash.How}" : $"{crash.How} ({about})", crash.Crashes);
                break;
            case SupervisorEffect.NoteUnbindable:
                _log.Unbindable();
                break;
            case SupervisorEffect.Exit exit:
                _exitCode = exit.Code;
                break;
            default:
                throw new UnreachableException($"Effect {effect} has no handler.");
        }
    }

    private void Forward(int pid, int signal)
    {
        try
        {
            _generations.Signal(pid, signal);
        }
        catch (PosixException e)
        {
            _log.SignalFailed(SignalMap.Name(signal), pid, e.Message);
        }
    }

    private void Start(bool lastGood, bool isFirst)
    {
        _restart?.Dispose();
        _restart = null;
        var ours = -1;
        try
        {
            RenewNews();
            List<(int Fd, int TargetFd)> descriptors = [(_news.GenerationsEnd, SupervisorLink.TargetFd)];
            var release = lastGood ? _previous ?? _held.Main?.Release : null;
            var command = isFirst ? _command : RestartCommand.Of(_command, release, _held.Main?.EnvironmentFile, _log.EnvironmentFailed);
            var environment = new Dictionary<string, string>(command.Environment,
                StringComparer.Ordinal)
            { [HandoverVariables.SupervisorPid] = Text(Environment.ProcessId) };
            environment[HandoverVariables.SupervisorFd] = Text(SupervisorLink.TargetFd);
            if (isFirst) descriptors.AddRange(Privileges.PassOn(environment));
            command = command with { Environment = environment };
            int pid;
            ReleaseFiles files;
            try
            {
                files = ReleaseFiles.Take(command.FileName, command.Arguments);
                if (_held.Any) (pid, ours) = GenerationSpawn.Start(command, _held.Main!.Generation + 1, descriptors);
                else pid = GenerationSpawn.Start(command, descriptors);
            }
            finally
            {
                // The first generation's alone: what it closes must be closed.
                foreach (var early in EarlySockets.Take()) FileDescriptors.Close(early.Fd);
            }

            _generations.Add(pid);
            _files[pid] = files;
            _startedPid = pid;
            Apply(new SupervisorEvent.Started(pid));
            _spawned.Set();
            if (isFirst) _log.Supervises(Environment.ProcessId, pid);
            else _log.Restarted(pid, command.FileName, _held.Listening.Count);
            if (ours >= 0)
            {
                var channel = ours;
                ours = -1; // its own from here on, also if it throws
                _restart = new RestartHandover(channel, _held, _held.Main!.Generation + 1);
            }
        }
#pragma warning disable CA1031 // whatever a generation said of its release, or the machine lacks, the supervisor goes on
        catch (Exception e)
#pragma warning restore CA1031
        {
            if (ours >= 0) FileDescriptors.Close(ours);
            _log.StartFailed(e.Message);
            if (_state.Starting is null) Apply(new SupervisorEvent.StartFailed(Now)); // else its end, without a word from us, tells of it
        }
    }

    // A generation whose predecessor still drains is that one's child, which reaps it: we see its end, and not its status.
    private void WatchUnrelated(int pid)
    {
        if (_generations.Watch(pid) is not { } handle) return;
        new Thread(() =>
        {
            using (handle)
            {
                while (!handle.WaitForEnd(Endless))
                {
                }
            }

            Thread.Sleep(ReapTimeout); // if it is ours after all, the wait for children is faster, and knows more
            _inbox.Add(() => OnEnded(pid, ProcessExit.Unknown));
        })
        { IsBackground = true, Name = "ips-watch" }.Start();
    }

    private void ReapForEver()
    {
        while (true)
        {
            if (Processes.WaitForAny() is { } ended) _inbox.Add(() => OnEnded(ended.Pid, ended.Exit));
            else _spawned.WaitOne(OrphanInterval); // a process that somebody brought into this container may be orphaned to us at any time
        }
    }

    private void OnEnded(int pid, ProcessExit exit)
    {
        if (pid == _state.Starting)
        {
            _restart?.Dispose();
            _restart = null;
        }

        Apply(new SupervisorEvent.Ended(pid, exit, _generations.Alive, Now));
        _files.Remove(pid);
        KeepKnown();
    }

    private void KeepKnown() => _generations.Keep(known => _state.Known.ContainsKey(known) || known == _state.Main);

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
