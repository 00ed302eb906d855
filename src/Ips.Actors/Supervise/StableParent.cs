using System.Runtime.InteropServices;
using Ips.Actors.Hosting;
using Ips.Actors.Posix;
using Ips.Actors.Signals;

namespace Ips.Actors.Supervise;

/// <summary>
/// A thin parent that keeps its PID while generations come and go below it: a shell waits for it, a terminal's ^C still reaches the
/// service, and it ends with the exit code of the last generation. It serves nothing itself.
/// </summary>
public static class StableParent
{
    /// <summary>The variable that names the stable parent to all generations below it, by its PID.</summary>
    internal const string Marker = "IPS_STABLE_PARENT";

    // What arrives as a message of its own; a terminal sends SIGINT and SIGQUIT to every process of its foreground group by itself.
    private static readonly int[] Forwarded = [SignalNumbers.SIGTERM, SignalNumbers.SIGHUP, SignalNumbers.SIGUSR1, SignalNumbers.SIGUSR2];
    private static readonly int[] OfTheTerminal = [SignalNumbers.SIGINT, SignalNumbers.SIGQUIT];

    /// <summary>Whether this process should be one: it is in the foreground of a terminal, and neither a successor nor started by a stable parent.</summary>
    public static bool IsNeeded() =>
        Terminal.HasForegroundTerminal()
        && Environment.GetEnvironmentVariable(HandoverVariables.Fd) is null
        && Environment.GetEnvironmentVariable(HandoverVariables.StartFd) is null
        && Environment.GetEnvironmentVariable(Marker) is null;

    /// <summary>Starts this program again by the same command line, as the first generation, and waits until no generation is left.</summary>
    /// <param name="pidFile">The PID file that names the main process: signals are forwarded there.</param>
    /// <returns>The exit code of the generation that started last; 128 and the signal's number if a signal ended it, as shells have it.</returns>
    /// <exception cref="IOException">The program could not be started.</exception>
    public static int Run(string pidFile)
    {
        ProcessAttributes.BecomeSubreaper(); // so that a generation whose predecessor has gone becomes our child
        var first = 0;
        List<PosixSignalRegistration> registrations =
        [
            .. Forwarded.Select(signal => PosixSignalRegistration.Create((PosixSignal)signal, context =>
            {
                context.Cancel = true;
                Forward(MainProcess(pidFile) ?? Volatile.Read(ref first), signal);
            })),
            .. OfTheTerminal.Select(signal => PosixSignalRegistration.Create((PosixSignal)signal, context => context.Cancel = true)),
        ];
        var command = GenerationContext.CaptureStartCommand();
        var environment = new Dictionary<string, string>(command.Environment, StringComparer.Ordinal)
        {
            [Marker] = Environment.ProcessId.ToString(System.Globalization.CultureInfo.InvariantCulture),
        };
        Volatile.Write(ref first, Spawn.Start(new SpawnRequest(
            command.FileName, command.Arguments, environment, command.WorkingDirectory, [], NewSession: false)));

        (long StartedAt, ProcessExit Exit) last = default;
        while (Processes.WaitForAny() is { } ended)
        {
            if (ended.StartedAt >= last.StartedAt)
            {
                last = (ended.StartedAt, ended.Exit);
            }
        }

        GC.KeepAlive(registrations); // their finalizers would take the handlers away
        return last.Exit.Signal == 0 ? last.Exit.Code : 128 + last.Exit.Signal;
    }

    // The PID file may be an old one, of another process that has the number now.
    private static int? MainProcess(string pidFile)
    {
        if (PidFile.Read(pidFile) is not { } pid)
        {
            return null;
        }

        for (var ancestor = Processes.ParentOf(pid); ancestor is > 1; ancestor = Processes.ParentOf(ancestor.Value))
        {
            if (ancestor == Environment.ProcessId)
            {
                return pid;
            }
        }

        return null;
    }

    private static void Forward(int pid, int signal)
    {
        if (pid > 0)
        {
            Processes.TrySignal(pid, signal);
        }
    }
}
