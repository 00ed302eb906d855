using System.Diagnostics;

namespace Ips.Testing.Load;

/// <summary>One client of the load: asks, again and again, and never asks the same thing twice because of a failure.</summary>
internal sealed class LoadWorker(WorkerKind kind, int number, LoadOptions options, LoadStatistics statistics)
{
    // A server that is gone must not cost the machine a busy loop of refused connections.
    private static readonly TimeSpan FailurePause = TimeSpan.FromMilliseconds(20);

    private readonly LoadRequest _request = LoadRequest.Of(kind, number, options);
    private readonly HttpMessageParser _parser = new(HttpMessageKind.Response);
    private readonly BodyCheck _body = new();
    private readonly byte[] _buffer = new byte[16 * 1024];
    private readonly TimeSpan _closeDelay = options.Distance == LoadDistance.Far ? options.FarDelay : TimeSpan.Zero;
    private readonly Random _random = new((((options.Seed * 31) + (int)kind) * 1009) + number);
    private LoadConnection? _connection;
    private long _requests;

    /// <summary>Works until told to stop.</summary>
    /// <param name="stop">Finish the current request, begin no other.</param>
    /// <param name="abort">Drop everything; ends in an <see cref="OperationCanceledException"/>.</param>
    public async Task RunAsync(CancellationToken stop, CancellationToken abort)
    {
        try
        {
            while (!stop.IsCancellationRequested)
            {
                try
                {
                    await StepAsync(stop, abort);
                }
                catch (LoadFaultException fault)
                {
                    Record(fault);
                    await DropConnectionAsync();
                    await Pause.ForAsync(FailurePause, stop);
                }
            }
        }
        finally
        {
            await DropConnectionAsync();
        }
    }

    /// <summary>One request at most, and what comes before and after it.</summary>
    private async ValueTask StepAsync(CancellationToken stop, CancellationToken abort)
    {
        var begun = Stopwatch.GetTimestamp();
        var isNew = _connection is null;
        if (_connection is null)
        {
            _connection = await LoadConnection.OpenAsync(options.Target, _buffer, options.Timeout, abort);
            statistics.ConnectionOpened(kind, Stopwatch.GetElapsedTime(begun));
        }

        var rest = kind switch
        {
            WorkerKind.Idle => options.IdleIntervalMin + (_random.NextDouble() * (options.IdleIntervalMax - options.IdleIntervalMin)),
            WorkerKind.Busy => options.BusyThinkTime,
            _ => TimeSpan.Zero,
        };

        // A client that connects in order to ask does not look first whether it was closed in between.
        if (rest > TimeSpan.Zero || !isNew)
        {
            switch (await _connection.RestAsync(rest, _closeDelay, stop))
            {
                case Rest.Stopping:
                    return;
                case Rest.Closed:
                    statistics.ClosedIdle(kind, _connection.WasReset);
                    await DropConnectionAsync();
                    return;
            }

            begun = Stopwatch.GetTimestamp();
        }

        _requests++;
        _connection.BeginRequest();
        statistics.Asks(_connection.LocalPort);
        var isWhole = await _request.SendAsync(_connection, _requests);
        _body.Begin(_request.ExpectedBody);
        _parser.Begin(_body);
        await _connection.ReadResponseAsync(_parser);
        var (from, to) = options.Status;
        if (_parser.Status < from || _parser.Status > to)
        {
            throw new LoadFaultException(
                FailureKind.WrongStatus, $"status {_parser.Status} instead of {from}{(to > from ? $" to {to}" : "")}");
        }

        if (!isWhole) throw new LoadFaultException(FailureKind.WrongLength, "status 200 before the request's body was sent whole");
        if (_body.Fault is { } fault) throw new LoadFaultException(FailureKind.WrongLength, fault);
        var ended = Stopwatch.GetTimestamp();
        var latency = Stopwatch.GetElapsedTime(begun, ended);
        statistics.Answered(kind, _connection.LocalPort, _parser.Generation, latency, _connection.LongestWait);
        options.OnAnswer?.Invoke(new LoadAnswer(kind, ended, latency, _parser.Generation));

        if (kind == WorkerKind.OneShot)
        {
            await DropConnectionAsync();
            await Pause.ForAsync(options.OneShotThinkTime, stop);
        }
        else if (_parser.Close)
        {
            statistics.ClosedPolitely(kind);
            await DropConnectionAsync();
        }
    }

    private void Record(LoadFaultException fault)
    {
        // Without a connection the request could not even begin: it counts all the same.
        if (_connection is null) _requests++;
        var failure = new LoadFailure(
            fault.Kind, kind, number, _requests, _connection?.Requests ?? 0, _connection?.LocalPort ?? 0, statistics.Elapsed,
            _connection?.BytesSeen ?? 0, _connection?.LastBytes ?? "", _connection?.LastGeneration, fault.Message);
        statistics.Failed(failure, _connection?.LongestWait ?? TimeSpan.Zero);
        options.OnFailure?.Invoke(failure);
    }

    private async ValueTask DropConnectionAsync()
    {
        if (_connection is null) return;
        await _connection.DisposeAsync();
        _connection = null;
    }
}
