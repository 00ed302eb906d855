using System.Diagnostics;
using Ips.Actors.Diagnostics;
using Ips.Actors.Posix;
using Microsoft.Extensions.Logging;

namespace Ips.Actors.Output;

/// <summary>Writes what comes out of two pipes to this process's stdout and stderr, line by line, until nobody holds the pipes any
/// more.</summary>
/// <remarks>
/// Order: constructor, <see cref="Start"/>, then any of the others from any thread. It ends by itself, and closes the pipes, when every
/// writer is gone, or on <see cref="Stop"/>. A thread of its own reads, and leaves the bytes in the pipes while the log's reader is slow,
/// so that
/// the process that writes them is slowed down as if it wrote there itself. When nothing moves for a second, it reads on and the log
/// drops lines:
/// a reader that has stopped must not stop a successor.
/// </remarks>
#pragma warning disable CA1001 // what it owns ends with its thread, which nobody waits for
[SupportedOSPlatform("linux")]
internal sealed class OutputPump
#pragma warning restore CA1001
{
    private const int MaxReadBytes = 2 * 1024 * 1024; // in one go: beyond what the pipes hold, somebody writes without end
    private const int MaxThreadReadBytes = 256 * 1024; // between two looks at how much room the log has
    private static readonly TimeSpan StuckAfter = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan FlushTimeout = TimeSpan.FromMilliseconds(100);

    private readonly Lock _gate = new();
    private readonly EventFd _wake = new();
    private readonly Source[] _sources;
    private readonly OutputTail _tail = new();
    private readonly byte[] _buffer = new byte[64 * 1024];
    private readonly long _startedAt = Stopwatch.GetTimestamp();
    private readonly OutputBudget? _budget;
    private bool _limited;
    private bool _stuck;
    private bool _started;
    private bool _stopped;

    /// <param name="output">The read end of the pipe that stands for stdout; owned from here on.</param>
    /// <param name="error">The read end of the pipe that stands for stderr; owned from here on.</param>
    /// <param name="outputPending">The beginning of a line that was read from it before.</param>
    /// <param name="errorPending">The same of the other.</param>
    /// <param name="budget">What may be written while it is limited (see <see cref="Limit"/>), as it is at first; null for no
    /// limit.</param>
    internal OutputPump(
        int output, int error, ReadOnlySpan<byte> outputPending = default, ReadOnlySpan<byte> errorPending = default,
        OutputBudget? budget = null)
    {
        (_budget, _limited) = (budget, budget is not null);
        _sources =
        [
            new(output, LogLane.Output, new LineSplitter(outputPending)),
            new(error, LogLane.Error, new LineSplitter(errorPending)),
        ];
    }

    /// <summary>Holds what is passed on from now on to the budget, or no longer.</summary>
    internal void Limit(bool limited)
    {
        lock (_gate) _limited = limited && _budget is not null;
    }

    /// <summary>Begins to read.</summary>
    internal void Start()
    {
        lock (_gate) _started = true;
        new Thread(Run, maxStackSize: 256 * 1024) { IsBackground = true, Name = "ips-output" }.Start();
    }

    /// <summary>Passes on what is in the pipes now.</summary>
    /// <returns>The last lines so far.</returns>
    internal IReadOnlyList<string> Sync()
    {
        lock (_gate)
        {
            ReadAll();
            // The thread may be about to poll what was closed here, by numbers that others have by then: it must look again.
            if (Array.Exists(_sources, source => source.Fd < 0)) _wake.Set();
            return _tail.Lines;
        }
    }

    /// <summary>Passes on what is in the pipes now, then closes them here: somebody else reads on, or nobody does.</summary>
    /// <returns>The beginnings of the lines that have not ended.</returns>
    internal (byte[] Output, byte[] Error) Stop()
    {
        (byte[], byte[]) pending;
        lock (_gate)
        {
            if (!_stopped) ReadAll();
            _stopped = true;
            pending = (_sources[0].Lines.TakePending(), _sources[1].Lines.TakePending());
            CloseAll();
            if (_started) _wake.Set();
            else _wake.Dispose();
        }

        // Who reads on writes to the same place: what was read before comes first, unless its reader is slow.
        foreach (var source in _sources) source.Lane.Flush(FlushTimeout);
        return pending;
    }

    private void Run()
    {
        try
        {
            while (true)
            {
                Span<PollEntry> entries = [default, default, new(_wake.Fd, PollEvents.Readable)];
                lock (_gate)
                {
                    if (_stopped || Array.TrueForAll(_sources, source => source.Fd < 0)) return;
                    for (var i = 0; i < _sources.Length; i++) entries[i] = new(_sources[i].Fd, PollEvents.Readable); // negative: skipped
                }

                // A number that is closed meanwhile may be in use again: who closes it wakes this, and nothing is read from what was
                // closed.
                Poll.Wait(entries, -1);
                if (entries[2].Returned != PollEvents.None) _wake.Clear();
                AwaitRoom();
                lock (_gate) ReadAll(MaxThreadReadBytes);
            }
        }
        catch (PosixException e)
        {
            lock (_gate) _tail.Add(System.Text.Encoding.UTF8.GetBytes($"(what followed could not be read: {e.Message})"));
        }
        finally
        {
            lock (_gate) CloseAll();
            _wake.Dispose();
        }
    }

    private void AwaitRoom() =>
        _stuck = Array.Exists(_sources, source => !source.Lane.WaitForRoom(_stuck ? TimeSpan.Zero : StuckAfter));

    private void ReadAll(int left = MaxReadBytes)
    {
        foreach (var source in _sources)
        {
            while (source.Fd >= 0 && left > 0)
            {
                var read = Pipes.Read(source.Fd, _buffer);
                if (read < 0) break;
                left -= read;
                if (read == 0)
                {
                    source.Lines.End(line => PassOn(source, line));
                    source.Close();
                    break;
                }

                source.Lines.Feed(_buffer.AsSpan(0, read), line => PassOn(source, line));
            }
        }
    }

    private void PassOn(Source source, ReadOnlySpan<byte> line)
    {
        _tail.Add(JournalPriority.Strip(line)); // for people: without the journal's prefix
        if (_limited && !_budget!.TryTake(line.Length, Stopwatch.GetElapsedTime(_startedAt)))
        {
            source.Dropped++;
            return;
        }

        TellDropped(source);
        source.Lane.Write(line);
    }

    private static void TellDropped(Source source)
    {
        if (source.Dropped == 0) return;
        source.Lane.WriteWarning(
            typeof(OutputPump), new EventId(EventIds.OutputDropped, nameof(EventIds.OutputDropped)),
            $"Dropped {new Quantity(source.Dropped).ToString("line", null)} of a release that does not serve: it wrote over "
            + $"{OutputBudget.BurstBytes / 1024} KiB, then over {OutputBudget.BytesPerSecond / 1024} KiB/s.");
        source.Dropped = 0;
    }

    private void CloseAll()
    {
        foreach (var source in _sources)
        {
            TellDropped(source);
            source.Close();
        }
    }

    private sealed class Source(int fd, LogLane lane, LineSplitter lines)
    {
        public int Fd { get; private set; } = fd;

        public LogLane Lane => lane;

        public LineSplitter Lines => lines;

        public long Dropped { get; set; }

        public void Close()
        {
            if (Fd < 0) return;
            FileDescriptors.Close(Fd);
            Fd = -1;
        }
    }
}
