using Ips.Testing.Load;

namespace Ips.Transport.Tests.StrictClient;

/// <summary>A server commits one fault, to every kind of worker; the client reports exactly that kind, and as often as it was
/// committed.</summary>
public sealed class StrictLoadFaultTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    public static IEnumerable<object[]> Faults()
    {
        TheoryData<Misbehaviour, FailureKind, LoadDistance> faults = [];
        foreach (var distance in Enum.GetValues<LoadDistance>())
        {
            faults.Add(Misbehaviour.ResetBeforeResponse, FailureKind.Reset, distance);
            faults.Add(Misbehaviour.ResetInsideResponse, FailureKind.Reset, distance);
            faults.Add(Misbehaviour.CloseBeforeResponse, FailureKind.EofBeforeResponse, distance);
            faults.Add(Misbehaviour.CutContentLength, FailureKind.EofInsideResponse, distance);
            faults.Add(Misbehaviour.CutChunked, FailureKind.EofInsideResponse, distance);
            faults.Add(Misbehaviour.WrongStatus, FailureKind.WrongStatus, distance);
            faults.Add(Misbehaviour.WrongLength, FailureKind.WrongLength, distance);
            faults.Add(Misbehaviour.WrongBody, FailureKind.WrongLength, distance);
            faults.Add(Misbehaviour.ExtraBytes, FailureKind.Malformed, distance);
            faults.Add(Misbehaviour.Garbage, FailureKind.Malformed, distance);
        }

        return faults;
    }

    [Theory]
    [MemberData(nameof(Faults))]
    internal async Task Server_SpoilsEachRequest_EachIsReportedAsThatKind(Misbehaviour fault, FailureKind kind, LoadDistance distance)
    {
        await using var server = MisbehavingServer.Start(fault);
        var report = await RunAsync(server, Mix(server.Target) with { Distance = distance });

        Assert.Equal(server.Committed, report.FailedRequests);
        AssertOnly(kind, report);
        Assert.Equal(0, report.Requests - report.FailedRequests);
    }

    [Theory]
    [MemberData(nameof(Faults))]
    internal async Task Server_SpoilsTheThirdRequestOfAConnection_OnlyThatOneFails(Misbehaviour fault, FailureKind kind,
        LoadDistance distance)
    {
        await using var server = MisbehavingServer.Start(fault, goodRequests: 2);
        // A one-shot worker has no third request.
        var report = await RunAsync(server, Mix(server.Target) with { Distance = distance, OneShotWorkers = 0 });

        Assert.Equal(server.Committed, report.FailedRequests);
        AssertOnly(kind, report);
        Assert.All(report.Failures, failure => Assert.Equal((3, 1), (failure.RequestOnConnection, failure.LastGeneration)));
        Assert.All(report.Failures, failure => Assert.NotEqual(0, failure.LocalPort));
    }

    [Theory]
    [InlineData(LoadDistance.Near)]
    [InlineData(LoadDistance.Far)]
    internal async Task Server_DoesNotListen_EachRequestIsRefused(LoadDistance distance)
    {
        await using var server = MisbehavingServer.Start(Misbehaviour.Refuse);
        var report = await RunAsync(server, Mix(server.Target) with { Distance = distance });

        AssertOnly(FailureKind.Refused, report);
        Assert.Equal((0, report.FailedRequests), (report.ConnectionsOpened, report.Requests));
    }

    [Fact]
    public async Task UnixSocket_IsMissing_EachRequestIsRefused()
    {
        var report = await RunAsync(null, Mix(LoadTarget.Unix(Path.Combine(Path.GetTempPath(), Path.GetRandomFileName()))));
        AssertOnly(FailureKind.Refused, report);
    }

    [Fact]
    public async Task Server_NeverAnswers_EachRequestTimesOut()
    {
        await using var server = MisbehavingServer.Start(Misbehaviour.NeverAnswer);
        var report = await RunAsync(server, Mix(server.Target) with { Timeout = TimeSpan.FromMilliseconds(500) });

        AssertOnly(FailureKind.Timeout, report);
        Assert.InRange(report.LongestStall, TimeSpan.FromMilliseconds(450), Limit);
    }

    [Fact]
    public async Task Server_RejectsAnUploadHalfSent_IsAWrongStatus()
    {
        await using var server = MisbehavingServer.Start(Misbehaviour.RejectBody);
        var report = await RunAsync(server, new LoadOptions
        {
            Target = server.Target, OneShotWorkers = 0, BusyWorkers = 0, IdleWorkers = 0, StreamWorkers = 0,
            UploadTime = TimeSpan.FromMilliseconds(60),
        });

        Assert.Equal(server.Committed, report.FailedRequests);
        AssertOnly(FailureKind.WrongStatus, report);
    }

    [Theory]
    [InlineData(LoadDistance.Near)]
    [InlineData(LoadDistance.Far)]
    internal async Task Server_SendsUnaskedBytesToAnIdleConnection_IsMalformed(LoadDistance distance)
    {
        await using var server = MisbehavingServer.Start(Misbehaviour.UnaskedBytes, delay: TimeSpan.FromMilliseconds(100));
        var report = await RunAsync(server, Idle(server.Target, TimeSpan.FromSeconds(1)) with { Distance = distance });

        AssertOnly(FailureKind.Malformed, report);
    }

    [Fact]
    public async Task Server_ClosesUntoldAndFarClientAsksWithinTheDelay_IsAnEofBeforeTheResponse()
    {
        await using var server = MisbehavingServer.Start(Misbehaviour.CloseUntold);
        var report = await RunAsync(server, Idle(server.Target, TimeSpan.FromMilliseconds(4)) with { Distance = LoadDistance.Far });

        // The rest is shorter than the delay, so there is no close that the client could know of before it asks.
        AssertOnly(FailureKind.EofBeforeResponse, report);
        Assert.Equal(0, report.ClosedIdle);
    }

    [Fact]
    public async Task Server_ClosesUntoldAndFarBusyClientAsksAtOnce_IsAnEofBeforeTheResponse()
    {
        await using var server = MisbehavingServer.Start(Misbehaviour.CloseUntold);
        var report = await RunAsync(server, Idle(server.Target, default) with
        {
            Distance = LoadDistance.Far,
            IdleWorkers = 0,
            BusyWorkers = 2
        });

        AssertOnly(FailureKind.EofBeforeResponse, report);
        Assert.Equal(0, report.ClosedIdle);
    }

    [Fact]
    public async Task Server_ResetsUntoldAndFarClientAsksWithinTheDelay_IsAReset()
    {
        await using var server = MisbehavingServer.Start(Misbehaviour.ResetUntold);
        var report = await RunAsync(server, Idle(server.Target, TimeSpan.FromMilliseconds(4)) with { Distance = LoadDistance.Far });

        AssertOnly(FailureKind.Reset, report);
        Assert.Equal((0, report.FailedRequests), (report.ClosedIdle, report.Resets));
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
        BusyThinkTime = TimeSpan.FromMilliseconds(1),
        IdleIntervalMin = TimeSpan.FromMilliseconds(5),
        IdleIntervalMax = TimeSpan.FromMilliseconds(20),
        UploadTime = TimeSpan.FromMilliseconds(20),
        UploadPieces = 2,
        RecordedFailuresMax = int.MaxValue,
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
        RecordedFailuresMax = int.MaxValue,
    };

    private static async Task<LoadReport> RunAsync(MisbehavingServer? server, LoadOptions options)
    {
        await using var load = StrictLoad.Start(options);
        await load.WaitForFailuresAsync(3, Limit);
        var report = await load.StopAsync().WaitAsync(Limit);
        Assert.True(server is null || report.FailedRequests > 0);
        return report;
    }

    private static void AssertOnly(FailureKind kind, LoadReport report)
    {
        Assert.True(report.FailuresByKind.Keys.SequenceEqual([kind]), report.ToString());
        Assert.All(report.Failures, failure => Assert.Equal(kind, failure.Kind));
        Assert.All(report.Workers.Values, worker => Assert.True(worker.FailedRequests >= 3));
        Assert.Equal(report.FailedRequests, report.Failures.Count);
    }
}
