using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Ips.Testing.Processes;

/// <summary>
/// A started executable whose output is collected line by line, and the processes that came after it. A successor is not a child of the
/// test: it inherits the output, so its lines arrive here too, and <see cref="DisposeAsync"/> ends it once it was passed to
/// <see cref="Track"/>.
/// </summary>
internal sealed class DaemonProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly long _started = Stopwatch.GetTimestamp();
    private readonly OutputLog _output = new();
    private readonly CancellationTokenSource _endReading = new();
    private readonly Task _reading;
    private readonly Lock _lock = new();
    private readonly Dictionary<int, long> _tracked = [];
    private bool _disposed;

    static DaemonProcess() => SignalDispositions.HandOnDefaults();

    private DaemonProcess(Process process)
    {
        _process = process;
        Pid = process.Id;
        process.StandardInput.Close();
        _reading = ReadAllAsync();
    }

    /// <summary>The PID of the process that was started; it stays the same when successors take over.</summary>
    public int Pid { get; }

    /// <summary>All lines so far, stdout's and stderr's in the order they were read.</summary>
    public IReadOnlyList<OutputLine> Lines => _output.Lines;

    /// <summary>How many lines there are: what to pass as <c>from</c> to wait for a line that is still to come.</summary>
    public int LineCount => _output.Count;

    /// <summary>Starts an executable, with stdin at its end.</summary>
    /// <param name="file">A path, or a name that PATH resolves.</param>
    /// <param name="arguments">Its arguments, each as it is.</param>
    /// <param name="environment">Added to the test's own environment; a null value removes a variable.</param>
    /// <param name="workingDirectory">Null for the test's own.</param>
    /// <exception cref="Win32Exception">It could not be started.</exception>
    public static DaemonProcess Start(
        string file, IEnumerable<string> arguments, IReadOnlyDictionary<string, string?>? environment = null,
            string? workingDirectory = null)
    {
        var start = new ProcessStartInfo(file, arguments)
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = workingDirectory
                ?? "",
        };
        foreach (var (name, value) in environment ?? new Dictionary<string, string?>()) start.Environment[name] = value;
        return new DaemonProcess(Executable.Start(start));
    }

    /// <summary>Waits for a line, of those already there or still to come.</summary>
    /// <param name="predicate">What the line must be like.</param>
    /// <param name="timeout">Limit of the wait.</param>
    /// <param name="from">The first line's number that counts; 0 for all, <see cref="LineCount"/> for those from now on.</param>
    /// <exception cref="TimeoutException">None within <paramref name="timeout"/>; the message holds the output's tail.</exception>
    /// <exception cref="InvalidOperationException">All processes that held the output ended without one; the message holds the output's
    /// tail.</exception>
    public async Task<OutputLine> WaitForLineAsync(Func<string, bool> predicate, TimeSpan timeout, int from = 0) =>
        await WaitForLineAsync(predicate, "a line that the predicate accepts", timeout, from);

    /// <inheritdoc cref="WaitForLineAsync(Func{string, bool}, TimeSpan, int)"/>
    /// <param name="pattern">What must be found in the line.</param>
    /// <param name="timeout">Limit of the wait.</param>
    /// <param name="from">The first line's number that counts.</param>
    public async Task<Match> WaitForLineAsync(Regex pattern, TimeSpan timeout, int from = 0) =>
        pattern.Match((await WaitForLineAsync(pattern.IsMatch, $"a line with '{pattern}'", timeout, from)).Text);

    /// <summary>Sends a signal to the process that was started.</summary>
    /// <param name="signal">The raw number, such as <see cref="ProcessTable.SigUsr2"/>.</param>
    /// <returns>False if it has ended.</returns>
    public bool Signal(int signal)
    {
        // A child that ended and was not reaped yet keeps its PID; one that was reaped has lost it, perhaps to a stranger.
        return !_process.HasExited && ProcessTable.Signal(Pid, signal);
    }

    /// <summary>Waits for the process that was started to end. Successors may go on, and hold the output open.</summary>
    /// <returns>Its exit code; 128 plus the signal's number if a signal ended it.</returns>
    /// <exception cref="TimeoutException">It still runs after <paramref name="timeout"/>; the message holds the output's tail.</exception>
    public async Task<int> WaitForExitAsync(TimeSpan timeout)
    {
        try
        {
            await _process.WaitForExitAsync().WaitAsync(timeout);
            return _process.ExitCode;
        }
        catch (TimeoutException)
        {
            throw new TimeoutException(Explain($"Process {Pid} still runs after {Seconds(timeout)} s."));
        }
    }

    /// <summary>Waits for the end of the output: every process that inherited it has ended or let it go.</summary>
    /// <exception cref="TimeoutException">Somebody still holds it after <paramref name="timeout"/>; the message holds the output's
    /// tail.</exception>
    public async Task WaitForOutputEndAsync(TimeSpan timeout)
    {
        try
        {
            await _reading.WaitAsync(timeout);
        }
        catch (TimeoutException)
        {
            throw new TimeoutException(Explain($"The output of process {Pid} is still open after {Seconds(timeout)} s."));
        }
    }

    /// <summary>The last lines, for the message of a test that failed.</summary>
    public string OutputTail(int lines = 60) => _output.Tail(lines);

    /// <summary>Takes charge of a process that is no child of the test, such as a successor whose PID the log told. It is killed on
    /// disposal.</summary>
    /// <exception cref="ArgumentException">There is no such process now, so it could not be told from a later one with the same
    /// PID.</exception>
    public void Track(int pid)
    {
        var startTime = ProcessTable.StartTimeOf(pid) ?? throw new ArgumentException($"There is no process {pid} to track.", nameof(pid));
        lock (_lock) _tracked[pid] = startTime;
    }

    /// <summary>Kills the process and those tracked, and only those; returns when they are gone.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_disposed) return;
        _disposed = true;
        _process.Kill();
        KeyValuePair<int, long>[] tracked;
        lock (_lock) tracked = [.. _tracked];
        foreach (var (pid, startTime) in tracked)
        {
            // Of the same start time only: PIDs are reused.
            if (ProcessTable.StartTimeOf(pid) == startTime) ProcessTable.Signal(pid, ProcessTable.SigKill);
        }

        var limit = TimeSpan.FromSeconds(10);
        await _process.WaitForExitAsync().WaitAsync(limit);
        foreach (var (pid, startTime) in tracked)
        {
            if (ProcessTable.StartTimeOf(pid) == startTime) await ProcessTable.WaitForEndAsync(pid, limit);
        }

        // A process that nobody tracked may hold the output; it is not waited for.
        await _endReading.CancelAsync();
        await _reading;
        _process.Dispose();
        _endReading.Dispose();
    }

    private async Task<OutputLine> WaitForLineAsync(Func<string, bool> predicate, string what, TimeSpan timeout, int from)
    {
        try
        {
            return await _output.FindAsync(predicate, from).WaitAsync(timeout)
                ?? throw new InvalidOperationException(Explain($"The output of process {Pid} ended without {what}."));
        }
        catch (TimeoutException)
        {
            throw new TimeoutException(Explain($"Process {Pid} did not write {what} within {Seconds(timeout)} s."));
        }
    }

    private async Task ReadAllAsync()
    {
        await Task.WhenAll(ReadAsync(_process.StandardOutput, isError: false), ReadAsync(_process.StandardError, isError: true));
        _output.End();
    }

    private async Task ReadAsync(StreamReader reader, bool isError)
    {
        try
        {
            while (await reader.ReadLineAsync(_endReading.Token) is { } text) _output
                .Add(Stopwatch.GetElapsedTime(_started), isError, text);
        }
        catch (OperationCanceledException)
        {
            // Disposed while somebody still held the output.
        }
    }

    private string Explain(string what) => $"{what}{Environment.NewLine}{OutputTail()}";

    private static string Seconds(TimeSpan time) => time.TotalSeconds.ToString("0.###", CultureInfo.InvariantCulture);
}
