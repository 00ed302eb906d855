namespace Ips.Actors.Supervise;

/// <summary>What a supervisor knows.</summary>
internal sealed record SupervisorState
{
    /// <summary>The generation that serves; null while none does.</summary>
    public int? Main { get; init; }

    /// <summary>The process that was started last by this parent, until it is the main process or has ended.</summary>
    public int? Starting { get; init; }

    /// <summary>Numbers of all generations that were heard of and have not ended, by process id.</summary>
    public IReadOnlyDictionary<int, int> Known { get; init; } = new Dictionary<int, int>();

    /// <summary>A generation has served: from now on an end that nobody asked for is a crash.</summary>
    public bool HasServed { get; init; }

    /// <summary>The main process is gone and a successor of its own is starting: it takes over by itself.</summary>
    public bool AwaitsSuccessor { get; init; }

    /// <summary>A signal asked for the end.</summary>
    public bool Stopping { get; init; }

    /// <summary>The main process has closed its sockets for good.</summary>
    public bool Released { get; init; }

    /// <summary>Root has opened sockets that nobody of this service could open again.</summary>
    public bool BoundByRoot { get; init; }

    /// <summary>Crashes in a row, none of them after a long time of serving.</summary>
    public int Crashes { get; init; }

    /// <summary>When the main process became that; null since its crash.</summary>
    public TimeSpan? MainSince { get; init; }

    /// <summary>The exit code, once nothing will be started any more; this process ends with the last generation.</summary>
    public int? Code { get; init; }
}
