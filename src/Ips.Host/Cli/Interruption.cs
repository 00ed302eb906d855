using System.Runtime.InteropServices;

namespace Ips.Host.Cli;

/// <summary>A command was interrupted.</summary>
/// <param name="outcome">What came of it, for the user: <c>nothing was imported</c>.</param>
internal sealed class CliInterruptedException(string outcome) : OperationCanceledException(outcome);

/// <summary>Ends a command at ^C or SIGTERM, so that it can say what came of it. The second signal kills, as if this were not
/// here.</summary>
internal sealed class Interruption : IDisposable
{
    // A command that is interrupted tidies up within this time; one that is stuck in a system call is left.
    private static readonly TimeSpan TidyTimeout = TimeSpan.FromSeconds(2);

    private readonly CancellationTokenSource _source = new();
    private readonly List<PosixSignalRegistration> _signals = [];
    private int _exitCode = CliExitCode.Interrupted;

    /// <summary>Cancelled at the first signal.</summary>
    internal CancellationToken Token => _source.Token;

    /// <summary>128 and the number of the signal.</summary>
    internal int ExitCode => Volatile.Read(ref _exitCode);

    /// <summary>Listens for the signals. One that was ignored when this process began stays ignored.</summary>
    internal static Interruption OfSignals()
    {
        var interruption = new Interruption();
        interruption._signals.Add(PosixSignalRegistration.Create(PosixSignal.SIGINT, context =>
            context.Cancel = interruption.Raise(CliExitCode.Interrupted)));
        interruption._signals.Add(PosixSignalRegistration.Create(PosixSignal.SIGTERM, context =>
            context.Cancel = interruption.Raise(CliExitCode.Terminated)));
        return interruption;
    }

    /// <summary>Carries out a command until it ends, or has been interrupted.</summary>
    /// <exception cref="OperationCanceledException">It was interrupted.</exception>
    internal async Task<int> RunAsync(Func<CancellationToken, Task<int>> command)
    {
        // On another thread, since some of what a command does is not asynchronous.
        var running = Task.Run(() => command(Token), CancellationToken.None);
        var interrupted = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = Token.Register(interrupted.SetResult);
        if (await Task.WhenAny(running, interrupted.Task) == running) return await running;
        try
        {
            return await running.WaitAsync(TidyTimeout, CancellationToken.None);
        }
        catch (TimeoutException)
        {
            throw new OperationCanceledException(Token);
        }
    }

    /// <summary>Interrupts.</summary>
    /// <returns>False if it was before.</returns>
    internal bool Raise(int exitCode)
    {
        if (_source.IsCancellationRequested) return false;
        Volatile.Write(ref _exitCode, exitCode);
        _source.Cancel();
        return true;
    }

    public void Dispose()
    {
        foreach (var signal in _signals) signal.Dispose();
        _source.Dispose();
    }
}
