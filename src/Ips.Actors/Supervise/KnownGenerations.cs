using Ips.Actors.Posix;

namespace Ips.Actors.Supervise;

/// <summary>The generations of this service, each held by a handle of its own, so that a later process with the same PID is never taken for
/// it. Used from the
/// parent's own thread.</summary>
[SupportedOSPlatform("linux")]
internal sealed class KnownGenerations
{
    /// <summary>Most that are known at once; a service has as many as <c>ips.reload.max-generations</c>, and one that starts.</summary>
    internal const int Most = 128;

    private readonly Dictionary<int, Known> _known = [];

    /// <summary>Those that have not ended.</summary>
    public IReadOnlySet<int> Alive => _known.Where(pair => !pair.Value.Handle.HasEnded).Select(pair => pair.Key).ToHashSet();

    /// <summary>How many are known.</summary>
    public int Count => _known.Count;

    /// <summary>Whether no more can be known.</summary>
    public bool IsFull => _known.Count >= Most;

    /// <summary>Adds the process that this one has just started, which nobody has waited for yet.</summary>
    public void Add(int pid)
    {
        // One that has ended already is seen by the wait for it.
        if (Processes.StartedAt(pid) is not { } startedAt || ProcessHandle.TryOpen(pid, startedAt) is not { } handle) return;
        Forget(pid);
        _known.Add(pid, new Known(handle, startedAt));
    }

    /// <summary>Decides whether this parent listens to a process: one that descends from it, acts as the same user, and speaks of
    /// itself.</summary>
    /// <param name="sender">Whom the kernel names.</param>
    /// <param name="pid">Whom the packet names.</param>
    /// <returns>Why not; null if it does, and the process is known from now on.</returns>
    public string? Admit(PacketSender sender, int pid)
    {
        if (sender.Pid <= 0) return "its sender cannot be seen from here";
        if (pid != sender.Pid) return $"it speaks for PID {pid}";
        var own = (uint)ProcessAttributes.EffectiveUserId;
        if (sender.UserId != own) return $"its sender acts as uid {sender.UserId}, the supervisor as uid {own}";
        if (_known.TryGetValue(pid, out var known))
        {
            // One that has ended and is not waited for keeps its PID.
            var isOther = known.Handle.HasEnded && Processes.StartedAt(pid) is { } now && now != known.StartedAt;
            return isOther ? "another process has the PID now" : null;
        }

        if (IsFull) return $"{Most} generations are known already";
        if (Processes.StartedAt(pid) is not { } startedAt || ProcessHandle.TryOpen(pid, startedAt)
            is not { } handle) return "its sender has ended";
        if (!Descends(pid) || handle.HasEnded)
        {
            handle.Dispose();
            return "its sender is no descendant of the supervisor";
        }

        _known.Add(pid, new Known(handle, startedAt));
        return null;
    }

    /// <summary>Sends a signal to a generation, unless it has ended.</summary>
    /// <exception cref="PosixException">EPERM: it acts as another user by now.</exception>
    public void Signal(int pid, int signal)
    {
        if (_known.TryGetValue(pid, out var known)) known.Handle.Signal(signal);
    }

    /// <summary>A handle of a generation's own for a thread that waits for its end; once each.</summary>
    /// <returns>Null if it has ended, or was asked for before.</returns>
    public ProcessHandle? Watch(int pid)
    {
        if (!_known.TryGetValue(pid, out var known) || known.Watched) return null;
        known.Watched = true;
        return ProcessHandle.TryOpen(pid, known.StartedAt);
    }

    /// <summary>Forgets those of which nothing is left to learn.</summary>
    public void Keep(Func<int, bool> kept)
    {
        foreach (var gone in _known.Keys.Where(pid => !kept(pid)).ToList()) Forget(gone);
    }

    // Whose parent is whose is read twice: a process whose parent ends between two looks gets another one.
    private static bool Descends(int pid)
    {
        for (var attempt = 0; attempt < 3; attempt++)
        {
            var chain = Ancestors(pid);
            if (chain.SequenceEqual(Ancestors(pid))) return chain.Contains(Environment.ProcessId);
        }

        return false;
    }

    private static List<int> Ancestors(int pid)
    {
        List<int> chain = [];
        for (var parent = Processes.ParentOf(pid); parent is > 0 and var next && chain.Count < 1000; parent = Processes.ParentOf(next))
        {
            chain.Add(next);
            if (next == Environment.ProcessId) break;
        }

        return chain;
    }

    private void Forget(int pid)
    {
        if (_known.Remove(pid, out var known)) known.Handle.Dispose();
    }

    private sealed class Known(ProcessHandle handle, long startedAt)
    {
        public ProcessHandle Handle => handle;

        public long StartedAt => startedAt;

        public bool Watched { get; set; }
    }
}
