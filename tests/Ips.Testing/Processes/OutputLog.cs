using System.Globalization;

namespace Ips.Testing.Processes;

/// <summary>Collects lines from several readers and wakes those who wait for one. Thread-safe.</summary>
internal sealed class OutputLog
{
    private readonly Lock _lock = new();
    private readonly List<OutputLine> _lines = [];
    private readonly List<Waiter> _waiters = [];
    private bool _ended;

    public IReadOnlyList<OutputLine> Lines
    {
        get
        {
            lock (_lock) return [.. _lines];
        }
    }

    public int Count
    {
        get
        {
            lock (_lock) return _lines.Count;
        }
    }

    public void Add(TimeSpan at, bool isError, string text)
    {
        lock (_lock)
        {
            var line = new OutputLine(_lines.Count, at, isError, text);
            _lines.Add(line);
            foreach (var waiter in _waiters)
            {
                if (waiter.Matches(line)) waiter.Found.TrySetResult(line);
            }

            _waiters.RemoveAll(waiter => waiter.Found.Task.IsCompleted);
        }
    }

    /// <summary>No line will follow: each wait that is open, or comes later, ends in null.</summary>
    public void End()
    {
        lock (_lock)
        {
            _ended = true;
            foreach (var waiter in _waiters) waiter.Found.TrySetResult(null);
            _waiters.Clear();
        }
    }

    /// <summary>The first line from number <paramref name="from"/> on that matches; null once there can be none.</summary>
    public Task<OutputLine?> FindAsync(Func<string, bool> predicate, int from)
    {
        lock (_lock)
        {
            var waiter = new Waiter(predicate, from);
            if (_lines.Skip(from).FirstOrDefault(waiter.Matches) is { } line) return Task.FromResult<OutputLine?>(line);
            if (_ended) return Task.FromResult<OutputLine?>(null);
            _waiters.Add(waiter);
            return waiter.Found.Task;
        }
    }

    /// <summary>The last <paramref name="count"/> lines, each with its time and stream.</summary>
    public string Tail(int count)
    {
        var lines = Lines;
        return lines.Count == 0 ? "(no output)" : string.Join(Environment.NewLine, lines.Skip(lines.Count - count).Select(line =>
            string.Create(CultureInfo.InvariantCulture, $"{line.At.TotalSeconds,8:0.000} {(line.IsError ? "err" : "out")} {line.Text}")));
    }

    private sealed class Waiter(Func<string, bool> predicate, int from)
    {
        public TaskCompletionSource<OutputLine?> Found { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public bool Matches(OutputLine line) => line.Number >= from && predicate(line.Text);
    }
}
