using System.Diagnostics;
using Ips.Actors.Handover;
using Ips.Actors.Posix;

namespace Ips.Actors.Reloader;

/// <summary>Older generations by their pidfds, so that a process which got the PID of one that ended is never signalled.</summary>
[SupportedOSPlatform("linux")]
internal sealed class OlderGenerations : IOlderGenerations, IDisposable
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(20);

    private readonly Lock _gate = new();
    private readonly Dictionary<GenerationEntry, ProcessHandle> _alive = [];

    private OlderGenerations(IEnumerable<(GenerationEntry, ProcessHandle)> alive)
    {
        foreach (var (entry, handle) in alive)
        {
            _alive.Add(entry, handle);
        }
    }

    /// <summary>No older generation: this is the first.</summary>
    public static OlderGenerations None { get; } = new([]);

    /// <summary>Takes hold of those that are still alive. They may be signalled, so only processes of the user who named them count: what a
    /// lesser user says must not choose whom root signals.</summary>
    /// <param name="entries">What <c>welcome</c> told.</param>
    /// <param name="user">The predecessor's effective user, as the kernel says; root may name any process.</param>
    public static OlderGenerations Open(IEnumerable<GenerationEntry> entries, uint user) =>
        new(entries.Where(entry => user == 0 || Processes.UserOf(entry.Pid) == user).Select(entry =>
            (entry, Handle: ProcessHandle.TryOpen(entry.Pid, entry.StartedAt)!)).Where(pair => pair.Handle is not null).ToList());

    /// <summary>Older ones and this process, as <c>welcome</c> tells of them.</summary>
    public static IReadOnlyList<GenerationEntry> WithSelf(IReadOnlyList<GenerationEntry> older, int own) =>
        [.. older, new GenerationEntry(own, Environment.ProcessId, Processes.StartedAt(Environment.ProcessId) ?? 0)];

    public IReadOnlyList<GenerationEntry> Alive()
    {
        lock (_gate)
        {
            foreach (var (entry, handle) in _alive.Where(pair => pair.Value.HasEnded).ToList())
            {
                _alive.Remove(entry);
                handle.Dispose();
            }

            return [.. _alive.Keys.OrderBy(entry => entry.Generation)];
        }
    }

    public async Task WaitForRoomAsync(int most, TimeSpan patience)
    {
        // Looking again and again is enough for what happens this seldom, and keeps the pidfds where they are.
        for (var waiting = Stopwatch.StartNew(); waiting.Elapsed < patience && Alive().Count > most;)
        {
            await Task.Delay(Look).ConfigureAwait(false);
        }
    }

    /// <summary>Waits for the end of one.</summary>
    /// <param name="generation">One of <see cref="Alive"/>, at some time.</param>
    /// <param name="patience">How long to wait at most.</param>
    /// <returns>Whether it has ended.</returns>
    public async Task<bool> HasEndedAsync(GenerationEntry generation, TimeSpan patience)
    {
        var waiting = Stopwatch.StartNew();
        while (Alive().Contains(generation))
        {
            if (waiting.Elapsed >= patience)
            {
                return false;
            }

            await Task.Delay(Look).ConfigureAwait(false);
        }

        return true;
    }

    public void Signal(int signal)
    {
        lock (_gate)
        {
            foreach (var handle in _alive.Values)
            {
                handle.Signal(signal); // does nothing to one that has ended
            }
        }
    }

    public Task AbortAsync(GenerationEntry generation, TimeSpan patience) =>
        // The wait sleeps on a thread of its own: this happens too seldom for anything cleverer to pay.
        Task.Factory.StartNew(() => Abort(generation, patience), CancellationToken.None, TaskCreationOptions.LongRunning,
            TaskScheduler.Default);

    public void Dispose()
    {
        lock (_gate)
        {
            foreach (var handle in _alive.Values)
            {
                handle.Dispose();
            }

            _alive.Clear();
        }
    }

    private void Abort(GenerationEntry generation, TimeSpan patience)
    {
        ProcessHandle? handle;
        lock (_gate)
        {
            if (!_alive.Remove(generation, out handle))
            {
                return; // it has ended
            }
        }

        using (handle)
        {
            // While it drains after its handover the first stop is a notice only, and a second of the same number might be merged with it.
            handle.Signal(SignalNumbers.SIGTERM);
            handle.Signal(SignalNumbers.SIGINT);
            if (!handle.WaitForEnd(patience))
            {
                handle.Signal(SignalNumbers.SIGKILL);
                handle.WaitForEnd(patience);
            }
        }
    }
}
