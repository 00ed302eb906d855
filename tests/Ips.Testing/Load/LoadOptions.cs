namespace Ips.Testing.Load;

/// <summary>The mix of a strict load. A worker has at most one connection; a count of 0 leaves that kind out.</summary>
internal sealed record LoadOptions
{
    /// <summary>The server under load.</summary>
    public required LoadTarget Target { get; init; }

    /// <summary>What is asked for.</summary>
    public LoadPaths Paths { get; init; } = new();

    /// <summary>The statuses, from the first to the last, that an answer may have. Default 200 alone.</summary>
    public (int From, int To) Status { get; init; } = (200, 200);

    /// <summary>How soon a close is known. Default near.</summary>
    public LoadDistance Distance { get; init; } = LoadDistance.Near;

    /// <summary>For <see cref="LoadDistance.Far"/>: how long after its arrival a close is known. Default 10 ms.</summary>
    public TimeSpan FarDelay { get; init; } = TimeSpan.FromMilliseconds(10);

    /// <summary>Workers that open, ask once and close. Default 8.</summary>
    public int OneShotWorkers { get; init; } = 8;

    /// <summary>Workers that ask without pause on a kept connection. Default 8.</summary>
    public int BusyWorkers { get; init; } = 8;

    /// <summary>Workers that ask now and then on a kept connection. Default 64.</summary>
    public int IdleWorkers { get; init; } = 64;

    /// <summary>Workers that read slow streams. Default 4.</summary>
    public int StreamWorkers { get; init; } = 4;

    /// <summary>Workers that send slow bodies. Default 2.</summary>
    public int UploadWorkers { get; init; } = 2;

    /// <summary>Pause of a one-shot worker between two connections. Default 0.</summary>
    public TimeSpan OneShotThinkTime { get; init; } = TimeSpan.Zero;

    /// <summary>Pause of a busy worker between a response and its next request. Default 0; 1 ms leaves a small machine room for the
    /// servers.</summary>
    public TimeSpan BusyThinkTime { get; init; } = TimeSpan.Zero;

    /// <summary>Shortest pause of an idle worker. Default 0.2 s.</summary>
    public TimeSpan IdleIntervalMin { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>Longest pause of an idle worker. Default 3 s.</summary>
    public TimeSpan IdleIntervalMax { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>How long an upload's body takes. Default 3 s.</summary>
    public TimeSpan UploadTime { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>The pieces that an upload's body is sent in, at equal intervals; 1 or more. Default 30.</summary>
    public int UploadPieces { get; init; } = 30;

    /// <summary>Bytes in each piece of an upload's body; 64 or more. Default 1024.</summary>
    public int UploadPieceSizeBytes { get; init; } = 1024;

    /// <summary>Limit of each connect, send and read. Default 30 s.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Failures kept with their details; all are counted. Default 200.</summary>
    public int RecordedFailuresMax { get; init; } = 200;

    /// <summary>Seed of the idle workers' intervals. Default 1.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>Told of each request that was answered as it should be, by its worker, who goes on when this returns; several call at once.
    /// Default null: nobody.</summary>
    public Action<LoadAnswer>? OnAnswer { get; init; }

    /// <summary>Called with each request that failed, in the same way. Default null.</summary>
    public Action<LoadFailure>? OnFailure { get; init; }

    internal int WorkersOf(WorkerKind kind) => kind switch
    {
        WorkerKind.OneShot => OneShotWorkers,
        WorkerKind.Busy => BusyWorkers,
        WorkerKind.Idle => IdleWorkers,
        WorkerKind.Stream => StreamWorkers,
        WorkerKind.Upload => UploadWorkers,
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "Not a kind of worker."),
    };

    /// <exception cref="ArgumentException">A value is out of its range; the message lists all that are.</exception>
    internal void Validate()
    {
        List<string> errors = [];
        foreach (var kind in Enum.GetValues<WorkerKind>())
        {
            if (WorkersOf(kind) < 0) errors.Add($"{kind}Workers is {WorkersOf(kind)}; it must be 0 or more.");
        }

        if (OneShotThinkTime < TimeSpan.Zero) errors.Add($"{nameof(OneShotThinkTime)} is {OneShotThinkTime}; it must be 0 or more.");
        if (BusyThinkTime < TimeSpan.Zero) errors.Add($"{nameof(BusyThinkTime)} is {BusyThinkTime}; it must be 0 or more.");
        if (IdleIntervalMin < TimeSpan.Zero || IdleIntervalMax < IdleIntervalMin)
            errors.Add($"{nameof(IdleIntervalMin)} is {IdleIntervalMin} and {nameof(IdleIntervalMax)} {IdleIntervalMax}; they must be 0 "
                + "or more and in order.");
        if (FarDelay <= TimeSpan.Zero) errors.Add($"{nameof(FarDelay)} is {FarDelay}; it must be more than 0.");
        if (Timeout <= TimeSpan.Zero) errors.Add($"{nameof(Timeout)} is {Timeout}; it must be more than 0.");
        if (UploadTime < TimeSpan.Zero) errors.Add($"{nameof(UploadTime)} is {UploadTime}; it must be 0 or more.");
        if (UploadPieces < 1) errors.Add($"{nameof(UploadPieces)} is {UploadPieces}; it must be 1 or more.");
        if (UploadPieceSizeBytes < 64) errors.Add($"{nameof(UploadPieceSizeBytes)} is {UploadPieceSizeBytes}; it must be 64 or more.");
        if (RecordedFailuresMax < 0) errors.Add($"{nameof(RecordedFailuresMax)} is {RecordedFailuresMax}; it must be 0 or more.");
        if (errors.Count > 0) throw new ArgumentException(string.Join(Environment.NewLine, errors));
    }
}
