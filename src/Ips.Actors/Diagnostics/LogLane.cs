using System.Buffers;
using Ips.Actors.Posix;
using Microsoft.Extensions.Logging;

namespace Ips.Actors.Diagnostics;

/// <summary>The way of finished lines to one descriptor: a bounded queue and one thread that writes, so that no caller ever waits for a
/// reader.</summary>
/// <param name="descriptor">The descriptor; not owned.</param>
/// <param name="capacityBytes">What may wait, in bytes; the batch that is being written comes on top.</param>
/// <remarks>
/// One line is one <c>write(2)</c>, so the lines of two generations that append to one file never tear. It writes to the descriptor's
/// number
/// itself, because SIGUSR1 puts a new file behind that number: .NET's console stream holds a duplicate from before, and <see
/// cref="FileStream"/>
/// an offset. What does not fit, or cannot be written, is counted, and the next line that can be written says how many were lost. The
/// thread ends
/// when it has had nothing to do for a while, and never keeps the process.
/// </remarks>
[SupportedOSPlatform("linux")]
internal sealed class LogLane(int descriptor, int capacityBytes = LogLane.CapacityBytes)
{
    /// <summary>What may wait for a slow reader: 4 MiB.</summary>
    internal const int CapacityBytes = 4 * 1024 * 1024;

    private const int OverheadBytes = 16; // of each line, so that the shortest are bounded in number too
    private const int PollMs = 1000; // after that a descriptor that is not writable may lead elsewhere
    private const int StackSizeBytes = 256 * 1024;
    private const string TooSlow = "the reader is too slow or has stopped";
    private static readonly TimeSpan IdleTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan ExitFlushTimeout = TimeSpan.FromSeconds(1);

    private static readonly Lazy<LineStyle> TerminalStyle = new(() =>
        LineStyles.OfTerminal(Environment.GetEnvironmentVariable("NO_COLOR"), Environment.GetEnvironmentVariable("TERM")));

    private readonly object _gate = new(); // no Lock: it is waited on
    private readonly Lazy<bool> _isTerminal = new(() => FileDescriptors.IsTerminal(
        descriptor == StandardStreams.Output ? StandardStreams.FinalOutput
            : descriptor == StandardStreams.Error ? StandardStreams.FinalError : descriptor));

    private Batch _filling = new();
    private Batch _spare = new();
    private bool _running;
    private long _taken;
    private long _done;
    private long _lost;
    private string _reason = "";

    static LogLane()
    {
        // Every end but a signal's: the return of Main, Environment.Exit and an exception that nobody caught.
        AppDomain.CurrentDomain.ProcessExit += (_, _) => FlushAll();
        AppDomain.CurrentDomain.UnhandledException += (_, _) => FlushAll();
    }

    /// <summary>This process's stdout.</summary>
    public static LogLane Output { get; } = new(StandardStreams.Output);

    /// <summary>This process's stderr.</summary>
    public static LogLane Error { get; } = new(StandardStreams.Error);

    /// <summary>The form of the line that says how many were lost.</summary>
    public LineFormatOptions Form { get; set; } = new();

    /// <summary>What its lines have for the eye. A successor's lines are for a terminal too if its predecessor passes them on to
    /// one.</summary>
    public LineStyle Style => !StandardStreams.Redirected && _isTerminal.Value ? TerminalStyle.Value : LineStyle.Plain;

    /// <summary>Queues one line, or drops it if too much waits. Never waits.</summary>
    internal void Write(ReadOnlySpan<byte> line)
    {
        lock (_gate)
        {
            // Once a line is dropped, all are until the thread takes the queue: so there is one gap, and its notice stands where it is.
            if (_filling.Dropped > 0 || _filling.Bytes + (_filling.Count * OverheadBytes) + line.Length > capacityBytes) _filling.Dropped++;
            else _filling.Add(line);
            _taken++;
            if (!_running)
            {
                _running = true;
                new Thread(Run, StackSizeBytes) { IsBackground = true, Name = "ips-log" }.Start();
            }
            else if (_filling.Count + _filling.Dropped == 1)
            {
                Monitor.PulseAll(_gate);
            }
        }
    }

    /// <summary>Queues a line about lines: one that is no event of a logger.</summary>
    internal void WriteWarning(Type source, EventId id, string message) => Write(Warning(source, id, message));

    /// <summary>Waits until what was queued before is written or lost.</summary>
    /// <returns>False if the time was over first.</returns>
    internal bool Flush(TimeSpan limit)
    {
        lock (_gate)
        {
            var until = _taken;
            return WaitFor(() => _done >= until, limit);
        }
    }

    /// <summary>Waits until at least half of the room is free: for a thread that can leave what it would write where it is.</summary>
    /// <returns>False if the time was over first.</returns>
    internal bool WaitForRoom(TimeSpan limit)
    {
        lock (_gate) return WaitFor(() => _filling.Dropped == 0 && _filling.Bytes < capacityBytes / 2, limit);
    }

    private static void FlushAll()
    {
        var start = TimeProvider.System.GetTimestamp();
        Output.Flush(ExitFlushTimeout);
        var left = ExitFlushTimeout - TimeProvider.System.GetElapsedTime(start);
        Error.Flush(left > TimeSpan.Zero ? left : TimeSpan.Zero);
    }

    private bool WaitFor(Func<bool> condition, TimeSpan limit)
    {
        var start = TimeProvider.System.GetTimestamp();
        while (!condition())
        {
            var left = limit - TimeProvider.System.GetElapsedTime(start);
            if (left <= TimeSpan.Zero) return false;
            Monitor.Wait(_gate, left);
        }

        return true;
    }

    private void Run()
    {
        while (TakeBatch() is { } batch)
        {
            foreach (var line in batch.Lines())
            {
                if (!TryWriteLost() || !TryWrite(line.Span)) _lost++;
            }

            if (batch.Dropped > 0)
            {
                (_lost, _reason) = (_lost + batch.Dropped, TooSlow);
                _ = TryWriteLost();
            }

            lock (_gate)
            {
                _done += batch.Count + batch.Dropped;
                batch.Clear();
                _spare = batch;
                Monitor.PulseAll(_gate);
            }
        }
    }

    private Batch? TakeBatch()
    {
        lock (_gate)
        {
            if (!WaitFor(() => _filling.Count + _filling.Dropped > 0, IdleTimeout))
            {
                _running = false;
                return null;
            }

            var batch = _filling;
            _filling = _spare;
            Monitor.PulseAll(_gate); // there is room
            return batch;
        }
    }

    private bool TryWriteLost()
    {
        if (_lost == 0) return true;
        var lines = _lost == 1 ? "line" : "lines";
        var id = new EventId(EventIds.LinesLost, nameof(EventIds.LinesLost));
        if (!TryWrite(Warning(typeof(LogLane), id, $"{_lost} {lines} before this one could not be written: {_reason}."))) return false;
        _lost = 0;
        return true;
    }

    private ReadOnlySpan<byte> Warning(Type source, EventId id, string message)
    {
        var buffer = new ArrayBufferWriter<byte>();
        if (this == Error && JournalStream.IsError) buffer.Write(JournalPriority.Prefix(LogLevel.Warning));
        LineFormatWriter.Write(buffer, Form, Style, LogLevel.Warning, source.FullName!, id, message);
        return buffer.WrittenSpan;
    }

    private bool TryWrite(ReadOnlySpan<byte> line)
    {
        while (!line.IsEmpty)
        {
            var written = FileDescriptors.TryWrite(descriptor, line, out var errno);
            if (written > 0)
            {
                line = line[written..]; // less than all only on a full disk, or a pipe whose reader is slow
            }
            else if (errno == Errno.EAGAIN)
            {
                // Somebody made our stdout non-blocking and reads it slowly.
                Span<PollEntry> wait = [new(descriptor, PollEvents.Writable)];
                Poll.Wait(wait, PollMs);
            }
            else if (errno != Errno.EINTR)
            {
                _reason = Errno.Name(errno);
                return false;
            }
        }

        return true;
    }

    /// <summary>Lines one after the other, and how many did not fit behind them.</summary>
    private sealed class Batch
    {
        private const int SmallestBytes = 16 * 1024;
        private const int LargestKeptBytes = 256 * 1024;

        private readonly List<int> _ends = [];
        private byte[] _bytes = new byte[SmallestBytes];

        public int Count => _ends.Count;

        public int Bytes => _ends.Count == 0 ? 0 : _ends[^1];

        public int Dropped { get; set; }

        public void Add(ReadOnlySpan<byte> line)
        {
            var end = Bytes + line.Length;
            if (end > _bytes.Length) Array.Resize(ref _bytes, Math.Max(end, _bytes.Length * 2));
            line.CopyTo(_bytes.AsSpan(Bytes));
            _ends.Add(end);
        }

        public IEnumerable<ReadOnlyMemory<byte>> Lines()
        {
            for (var i = 0; i < _ends.Count; i++)
            {
                var start = i == 0 ? 0 : _ends[i - 1];
                yield return _bytes.AsMemory(start, _ends[i] - start);
            }
        }

        public void Clear()
        {
            _ends.Clear();
            Dropped = 0;
            if (_bytes.Length <= LargestKeptBytes) return;
            _bytes = new byte[SmallestBytes];
            _ends.TrimExcess();
        }
    }
}
