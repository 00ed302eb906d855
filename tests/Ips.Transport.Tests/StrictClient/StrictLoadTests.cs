using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Ips.Testing.Load;

namespace Ips.Transport.Tests.StrictClient;

/// <summary>What is not a failure: a server that behaves, and closes that a client knows of in time.</summary>
public sealed class StrictLoadTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    [Theory]
    [InlineData(LoadDistance.Near)]
    [InlineData(LoadDistance.Far)]
    internal async Task Server_Behaves_NothingFails(LoadDistance distance)
    {
        await using var server = MisbehavingServer.Start(Misbehaviour.None);
        await AssertNothingFailsAsync(Mix(server.Target) with { Distance = distance });
    }

    [Fact]
    public async Task Server_BehavesOnIPv6_NothingFails()
    {
        await using var server = MisbehavingServer.Start(Misbehaviour.None, endPoint: new IPEndPoint(IPAddress.IPv6Loopback, 0));
        await AssertNothingFailsAsync(Mix(server.Target));
    }

    [Fact]
    public async Task Server_BehavesOnAUnixSocket_NothingFails()
    {
        var path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        await using var server = MisbehavingServer.Start(Misbehaviour.None, endPoint: new UnixDomainSocketEndPoint(path));
        await AssertNothingFailsAsync(Mix(server.Target));
    }

    [Theory]
    [InlineData(LoadDistance.Near)]
    [InlineData(LoadDistance.Far)]
    internal async Task Server_ClosesPolitely_NothingFailsAndEachCloseIsCounted(LoadDistance distance)
    {
        await using var server = MisbehavingServer.Start(Misbehaviour.ClosePolitely, goodRequests: 2);
        var report = await AssertNothingFailsAsync(Mix(server.Target) with { Distance = distance, OneShotWorkers = 0 });

        Assert.Equal(server.Committed, report.PoliteCloses);
        Assert.True(report.PoliteCloses > 0);
        Assert.All(report.Workers.Values, worker => Assert.InRange(worker.ConnectionsOpened, worker.PoliteCloses, worker.PoliteCloses + 2));
    }

    [Theory]
    [InlineData(LoadDistance.Near)]
    [InlineData(LoadDistance.Far)]
    internal async Task Server_ClosesRestingConnectionsUntold_CountsThemAsClosedIdle(LoadDistance distance)
    {
        // The interval is long against the delay after which a far client knows, even on a busy machine.
        await using var server = MisbehavingServer.Start(Misbehaviour.CloseUntold);
        await using var load = StrictLoad.Start(Idle(server.Target, TimeSpan.FromSeconds(2)) with { Distance = distance });
        await load.WaitForRequestsAsync(4, Limit);
        var report = await load.StopAsync().WaitAsync(Limit);

        Assert.True(report.FailedRequests == 0, report.ToString());
        Assert.InRange(report.ClosedIdle, 1, server.Committed);
        Assert.Equal(0, report.Resets);
    }

    [Fact]
    public async Task Server_ResetsRestingConnectionsUntold_CountsThemAsClosedIdleAndReset()
    {
        await using var server = MisbehavingServer.Start(Misbehaviour.ResetUntold);
        await using var load = StrictLoad.Start(Idle(server.Target, TimeSpan.FromSeconds(2)));
        await load.WaitForRequestsAsync(4, Limit);
        var report = await load.StopAsync().WaitAsync(Limit);

        Assert.True(report.FailedRequests == 0, report.ToString());
        Assert.InRange(report.ClosedIdle, 1, server.Committed);
        Assert.Equal(report.ClosedIdle, report.Resets);
    }

    [Fact]
    public async Task Stop_WhileStreamsAndUploadsRun_FinishesThem()
    {
        await using var server = MisbehavingServer.Start(Misbehaviour.None);
        await using var load = StrictLoad.Start(Mix(server.Target) with { UploadTime = TimeSpan.FromSeconds(1), UploadPieces = 10 });
        // A new connection of these workers is asked at once.
        Assert.True(SpinWait.SpinUntil(() => load.Snapshot().Workers[WorkerKind.Upload].ConnectionsOpened == 2, Limit));
        var report = await load.StopAsync().WaitAsync(Limit);

        Assert.True(report.FailedRequests == 0, report.ToString());
        Assert.Equal(2, report.Workers[WorkerKind.Upload].Responses);
        Assert.InRange(report.Workers[WorkerKind.Upload].LatencyP50, TimeSpan.FromSeconds(0.9), Limit);
    }

    [Fact]
    public async Task Dispose_WhileRequestsRun_EndsAtOnce()
    {
        await using var server = MisbehavingServer.Start(Misbehaviour.NeverAnswer);
        var load = StrictLoad.Start(Mix(server.Target));
        await load.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Equal(0, load.Snapshot().FailedRequests);
    }

    [Fact]
    public async Task Client_CannotConnectForAReasonOfItsOwn_SaysSoRatherThanCountIt()
    {
        // No route leads TCP to the broadcast address. Out of ports or of file descriptors is told the same way.
        await using var load = StrictLoad.Start(Mix(LoadTarget.Tcp(new IPEndPoint(IPAddress.Broadcast, 9))));
        await Assert.ThrowsAsync<SocketException>(() => load.WaitForRequestsAsync(1, Limit));
        await Assert.ThrowsAsync<SocketException>(() => load.StopAsync().WaitAsync(Limit));
        Assert.Equal(0, load.Snapshot().Requests);
    }

    [Fact]
    public async Task WaitForGeneration_ThatNeverComes_TimesOutWithTheReport()
    {
        await using var server = MisbehavingServer.Start(Misbehaviour.None);
        await using var load = StrictLoad.Start(Mix(server.Target));
        await load.WaitForGenerationAsync(1, Limit, count: 2);
        var error = await Assert.ThrowsAsync<TimeoutException>(() => load.WaitForGenerationAsync(2, TimeSpan.FromMilliseconds(50)));
        Assert.Contains("generation 2", error.Message, StringComparison.Ordinal);
        Assert.Contains("strict load, Near", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Answer_OfAnyWorker_IsToldWithItsGenerationAndLatency()
    {
        ConcurrentQueue<LoadAnswer> answers = [];
        await using var server = MisbehavingServer.Start(Misbehaviour.None);
        await using var load = StrictLoad.Start(Mix(server.Target) with { OnAnswer = answers.Enqueue });
        await load.WaitForRequestsAsync(2, Limit);
        var report = await load.StopAsync().WaitAsync(Limit);

        Assert.All(report.Workers, worker => Assert.Equal(worker.Value.Responses, answers.Count(answer => answer.Worker == worker.Key)));
        Assert.Equal(report.Workers.Values.Max(worker => worker.LatencyMax), answers.Max(answer => answer.Latency));
        Assert.All(answers, answer => Assert.Equal(1, answer.Generation));
    }

    [Fact]
    public async Task Report_AsText_TellsCountsAndFailures()
    {
        await using var server = MisbehavingServer.Start(Misbehaviour.WrongStatus, goodRequests: 1);
        await using var load = StrictLoad.Start(Idle(server.Target, TimeSpan.FromMilliseconds(1)) with { RecordedFailuresMax = 2 });
        await load.WaitForFailuresAsync(5, Limit);
        var report = await load.StopAsync().WaitAsync(Limit);
        var text = report.ToString();

        Assert.Equal(2, report.Failures.Count);
        Assert.Contains($"{report.Requests} requests, {report.FailedRequests} failed", text, StringComparison.Ordinal);
        Assert.Contains("WrongStatus: status 503 instead of 200; Idle", text, StringComparison.Ordinal);
        Assert.Contains("not now", text, StringComparison.Ordinal);
        Assert.Contains($"and {report.FailedRequests - 2} more", text, StringComparison.Ordinal);
    }

    private static LoadOptions Mix(LoadTarget target) => new()
    {
        Target = target,
        Paths = new LoadPaths { Stream = "/stream?ms=0&chunks=3" },
        OneShotWorkers = 2,
        BusyWorkers = 2,
        IdleWorkers = 2,
        StreamWorkers = 2,
        UploadWorkers = 2,
        IdleIntervalMin = TimeSpan.FromMilliseconds(5),
        IdleIntervalMax = TimeSpan.FromMilliseconds(20),
        UploadTime = TimeSpan.FromMilliseconds(20),
        UploadPieces = 4,
    };

    private static LoadOptions Idle(LoadTarget target, TimeSpan interval) => new()
    {
        Target = target,
        OneShotWorkers = 0,
        BusyWorkers = 0,
        IdleWorkers = 3,
        StreamWorkers = 0,
        UploadWorkers = 0,
        IdleIntervalMin = interval,
        IdleIntervalMax = interval,
    };

    private static async Task<LoadReport> AssertNothingFailsAsync(LoadOptions options)
    {
        await using var load = StrictLoad.Start(options);
        await load.WaitForGenerationAsync(1, Limit, count: 10);
        var report = await load.StopAsync().WaitAsync(Limit);

        Assert.True(report.FailedRequests == 0 && report.ClosedIdle == 0 && report.Resets == 0, report.ToString());
        Assert.Equal([1], report.ResponsesByGeneration.Keys);
        Assert.All(report.Workers.Values, worker => Assert.True(worker.Responses >= 10));
        Assert.InRange(report.Workers[WorkerKind.Upload].LatencyP50, options.UploadTime / 2, Limit);
        return report;
    }
}
