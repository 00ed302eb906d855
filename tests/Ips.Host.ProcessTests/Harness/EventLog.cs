using System.Text;
using Mono.Unix.Native;

namespace Ips.Host.ProcessTests.Harness;

/// <summary>Follows the log file that all generations of a service append to.</summary>
internal sealed class EventLog(string path)
{
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(10);

    private readonly Lock _lock = new();
    private readonly List<ServiceEvent> _events = [];
    private readonly List<byte> _partial = [];
    private long _offset;
    private ulong _file;

    /// <summary>The file.</summary>
    public string Path => path;

    /// <summary>All whole lines that are in the file now.</summary>
    public IReadOnlyList<ServiceEvent> Events
    {
        get
        {
            lock (_lock)
            {
                ReadOn();
                return [.. _events];
            }
        }
    }

    /// <summary>How many lines there are: what to pass as <c>from</c> to wait for what is still to come.</summary>
    public int Mark => Events.Count;

    /// <summary>The events with an id.</summary>
    public IReadOnlyList<ServiceEvent> Of(int id, int from = 0) => [.. Events.Skip(from).Where(e => e.Id == id)];

    /// <summary>Waits for an event, of those already there or still to come.</summary>
    /// <exception cref="TimeoutException">None came; the message holds the log's tail.</exception>
    public async Task<ServiceEvent> WaitForAsync(Func<ServiceEvent, bool> predicate, string what, int from = 0, TimeSpan? timeout = null)
    {
        var limit = timeout ?? Limits.Step;
        using var deadline = new CancellationTokenSource(limit);
        while (true)
        {
            if (Events.Skip(from).FirstOrDefault(predicate) is { } found) return found;
            if (deadline.IsCancellationRequested)
                throw new TimeoutException($"The log did not get {what} within {limit.TotalSeconds:0.#} s.{Environment.NewLine}{Tail(40)}");
            await Task.Delay(PollInterval, CancellationToken.None);
        }
    }

    /// <summary>Waits for one of some event ids.</summary>
    public Task<ServiceEvent> WaitForAsync(int from, params IReadOnlyList<int> ids) =>
        WaitForAsync(e => ids.Contains(e.Id), $"an event {string.Join(" or ", ids)} from line {from} on", from);

    /// <summary>The last lines.</summary>
    public string Tail(int lines) => string.Join(Environment.NewLine, Events.TakeLast(lines).Select(e => e.ToString()));

    private void ReadOn()
    {
        // Tests put links to nowhere and FIFOs there as well.
        if (Syscall.stat(path, out var found) != 0 || (found.st_mode & FilePermissions.S_IFMT) != FilePermissions.S_IFREG) return;
        // A new one, where the one before was removed or renamed, is read from its beginning.
        if (found.st_ino != _file)
        {
            (_file, _offset) = (found.st_ino, 0);
            _partial.Clear();
        }

        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        file.Position = _offset;
        var buffer = new byte[64 * 1024];
        int read;
        while ((read = file.Read(buffer)) > 0)
        {
            _offset += read;
            foreach (var b in buffer.AsSpan(0, read))
            {
                if (b != (byte)'\n')
                {
                    _partial.Add(b);
                    continue;
                }

                _events.Add(ServiceEvent.Parse(_events.Count, Encoding.UTF8.GetString([.. _partial])));
                _partial.Clear();
            }
        }
    }
}
