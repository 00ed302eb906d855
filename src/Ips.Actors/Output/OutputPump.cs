using Ips.Actors.Diagnostics;
using Ips.Actors.Posix;

namespace Ips.Actors.Output;

/// <summary>Writes what comes out of two pipes to this process's stdout and stderr, line by line, until nobody holds the pipes any more.</summary>
/// <remarks>
/// Order: constructor, <see cref="Start"/>, then any of the others from any thread. It ends by itself, and closes the pipes, when every
/// writer is gone, or on <see cref="Stop"/>. A thread of its own reads: what is written to stdout may wait for a slow reader there.
/// </remarks>
#pragma warning disable CA1001 // what it owns ends with its thread, which nobody waits for
internal sealed class OutputPump
#pragma warning restore CA1001
{
    private const int MaxReadBytes = 4 * 1024 * 1024; // in one go: beyond what the pipes hold, somebody writes without end

    private readonly Lock _gate = new();
    private readonly EventFd _wake = new();
    private readonly Source[] _sources;
    private readonly OutputTail _tail = new();
    private readonly byte[] _buffer = new byte[64 * 1024];
    private bool _started;
    private bool _stopped;

    /// <param name="output">The read end of the pipe that stands for stdout; owned from here on.</param>
    /// <param name="error">The read end of the pipe that stands for stderr; owned from here on.</param>
    /// <param name="outputPending">The beginning of a line that was read from it before.</param>
    /// <param name="errorPending">The same of the other.</param>
    internal OutputPump(int output, int error, ReadOnlySpan<byte> outputPending = default, ReadOnlySpan<byte> errorPending = default) =>
        _sources =
        [
            new(output, new LineFormatSink(StandardStreams.Output), new LineSplitter(outputPending)),
            new(error, new LineFormatSink(StandardStreams.Error), new LineSplitter(errorPending)),
        ];

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

    /// <summary>Passes on what is in the pipes now, then closes them here: somebody else reads on.</summary>
    /// <returns>The beginnings of the lines that have not ended.</returns>
    internal (byte[] Output, byte[] Error) Stop()
    {
        lock (_gate)
        {
            if (!_stopped) ReadAll();
            _stopped = true;
            var pending = (_sources[0].Lines.TakePending(), _sources[1].Lines.TakePending());
            CloseAll();
            if (_started) _wake.Set();
            else _wake.Dispose();
            return pending;
        }
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

                // A number that is closed meanwhile may be in use again: who closes it wakes this, and nothing is read from what was closed.
                Poll.Wait(entries, -1);
                if (entries[2].Returned != PollEvents.None) _wake.Clear();
                lock (_gate) ReadAll();
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

    private void ReadAll()
    {
        var left = MaxReadBytes;
        foreach (var source in _sources)
        {
            while (source.Fd >= 0 && left > 0)
            {
                var read = Pipes.Read(source.Fd, _buffer);
                if (read < 0) break;
                left -= read;
                if (read == 0)
                {
                    source.Lines.End(source.PassOn(_tail));
                    source.Close();
                    break;
                }

                source.Lines.Feed(_buffer.AsSpan(0, read), source.PassOn(_tail));
            }
        }
    }

    private void CloseAll()
    {
        foreach (var source in _sources) source.Close();
    }

    private sealed class Source(int fd, LineFormatSink sink, LineSplitter lines)
    {
        public int Fd { get; private set; } = fd;

        public LineSplitter Lines => lines;

        public LineSplitter.LineHandler PassOn(OutputTail tail) => line =>
        {
            sink.Write(line);
            tail.Add(JournalPriority.Strip(line)); // for people: without the journal's prefix
        };

        public void Close()
        {
            if (Fd < 0) return;
            FileDescriptors.Close(Fd);
            Fd = -1;
        }
    }
}
