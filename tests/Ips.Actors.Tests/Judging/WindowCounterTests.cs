using Ips.Actors.Handover;
using Ips.Actors.Judging;

namespace Ips.Actors.Tests.Judging;

/// <summary>What a generation counts of itself. Time is in ms.</summary>
public sealed class WindowCounterTests
{
    private const int Second = 1000;

    private readonly WindowCounter _counter = new(Second);

    [Fact]
    public void Take_RequestsThatEnded_AreCountedByRoute()
    {
        _counter.End(Begin(1, 1000), "GET /a", 1004);
        _counter.End(Begin(1, 1005), "GET /a", 1009, failed: true);
        _counter.End(Begin(2, 1010), "GET /b", 1030, failed: true, threw: true);
        var window = Take(1250);
        Assert.Equal((5, 3, 2), (window.Index, window.Started, window.Connections));
        var (a, b) = (window.Routes.Single(route => route.Route == "GET /a"), window.Routes.Single(route => route.Route == "GET /b"));
        Assert.Equal((2, 1, 0), (a.Requests, a.Errors, a.Exceptions));
        Assert.Equal([LatencyScale.BucketOf(.004), 2], a.Latency);
        Assert.Equal((1, 1, 1), (b.Requests, b.Errors, b.Exceptions));
        Assert.Equal([(1, "GET /a", 1), (2, "GET /b", 1)], window.Failures!
            .Select(failure => (failure.Connection, window.Routes[failure.Route].Route, failure.Errors)).Order());

        var next = Take(1500);
        Assert.Equal((6, 0, 0), (next.Index, next.Started, next.Connections));
        Assert.Empty(next.Routes);
        Assert.Null(next.Failures);
    }

    [Theory]
    [InlineData(1200, 5)]
    [InlineData(1250, 5)]
    [InlineData(1300, 5)]
    [InlineData(1400, 6)]
    public void Take_ATimerThatIsEarlyOrLate_IsTheNearestWindow(long now, long index) => Assert.Equal(index, Take(now).Index);

    [Fact]
    public void Take_TwiceInAWindow_LosesNothing()
    {
        Take(1250);
        _counter.End(Begin(1, 1251), "GET /a", 1252);
        Assert.Null(_counter.Take(1260, TimeSpan.Zero, 0));
        Assert.Equal(1, Take(1500).Routes[0].Requests);
    }

    [Fact]
    public void Take_RunningRequests_AreCountedByAgeAndOverdueOnce()
    {
        _ = Begin(1, 0); // 12 s
        _ = Begin(2, 6000); // 6 s
        _ = Begin(3, 9000); // 3 s
        _ = Begin(4, 10_900); // 1.1 s
        var ended = Begin(5, 11_500);
        _ = Begin(6, 0, isStream: true);
        var window = Take(12_000);
        Assert.Equal([1, 1, 1, 1, 1], window.Running);
        Assert.Equal([1, 2, 3, 4], window.Overdue!.Order());
        _counter.End(ended, "GET /", 12_100);
        var next = Take(12_250);
        Assert.Equal([0, 1, 1, 1, 1], next.Running);
        Assert.Null(next.Overdue);
    }

    [Fact]
    public void End_Twice_CountsOnce()
    {
        var request = Begin(1, 1000);
        _counter.End(request, "GET /", 1001);
        _counter.End(request, "GET /", 1002);
        Assert.Equal(1, Take(1250).Routes[0].Requests);
    }

    [Fact]
    public void Take_AStream_HasNoLatency()
    {
        _counter.End(Begin(1, 0, isStream: true), "GET /ws", 60_000);
        var route = Assert.Single(Take(60_000).Routes);
        Assert.Equal((1, 0), (route.Requests, route.Latency.Count));
    }

    [Fact]
    public void Take_CostOfTheProcess_IsThatOfTheWindow()
    {
        Assert.Equal((0, 0), CostOf(_counter.Take(1000, TimeSpan.FromSeconds(7), 5000)!)); // what was before is of no window
        Assert.Equal((30_000, 500), CostOf(_counter.Take(1250, TimeSpan.FromSeconds(7.03), 5500)!));

        static (long, long) CostOf(WindowFrame window) => (window.ProcessorUs, window.AllocatedBytes);
    }

    [Fact]
    public void NameRoutes_OfAPredecessor_AreTheBusiestFifty()
    {
        for (var route = 0; route < 60; route++)
        {
            var name = $"GET /{route:00}";
            for (var requests = 0; requests <= route; requests++) _counter.End(Begin(1, 0), name, 1);
        }

        Assert.Equal(Enumerable.Range(10, 50).Select(route => $"GET /{route:00}"), _counter.NameRoutes().Order());
        var window = Take(250);
        Assert.Equal(WindowTerms.MaxRoutes + 1, window.Routes.Count);
        Assert.Equal(Enumerable.Range(1, 10).Sum(), window.Routes.Single(route => route.Route == WindowTerms.OtherRoutes).Requests);
    }

    [Fact]
    public void Take_InASuccessor_NamesWhatThePredecessorNamesAndOthersWhileThereIsRoom()
    {
        var counter = new WindowCounter(Second, [.. Enumerable.Range(0, 49).Select(route => $"GET /{route}")]);
        foreach (var route in (string[])["GET /7", "GET /new", "GET /newer"]) counter.End(Begin(1, 0, counter: counter), route, 1);
        var named = counter.Take(250, TimeSpan.Zero, 0)!.Routes.Select(route => route.Route).ToList();
        Assert.Contains("GET /7", named);
        Assert.Single(named, "(other)");
        Assert.Equal(3, named.Count);
    }

    [Fact]
    public void Take_MoreThanItHolds_IsBounded()
    {
        for (var i = 1; i <= 10_000; i++) _counter.End(Begin(i, 0), $"GET /{i}", 1, failed: true);
        var window = Take(250);
        Assert.Equal(WindowCounter.MaxConnections, window.Connections);
        Assert.Equal(10_000, window.Routes.Sum(route => route.Requests));
        Assert.Equal(10_000, window.Failures!.Sum(failure => failure.Errors));
        Assert.InRange(window.Failures!.Count, WindowTerms.MaxConnections, WindowTerms.MaxConnections + WindowTerms.MaxRoutes + 1);
        Assert.Null(FrameRules.Fault(window));
        Assert.IsType<WindowFrame>(HandoverCodec.Decode(HandoverCodec.Encode(window)));
    }

    [Fact]
    public async Task Count_ByManyThreadsAndAReader_LosesNothing()
    {
        const int threads = 4, each = 20_000;
        long counted = 0, now = 0;
        var done = Task.WhenAll(Enumerable.Range(1, threads).Select(thread => Task.Run(() =>
        {
            for (var i = 0; i < each; i++)
            {
                _counter.End(Begin((thread * 31) + (i % 50), 0), $"GET /{i % 7}", 1, failed: i % 5 == 0);
            }
        })));
        while (!done.IsCompleted) Count();
        await done.WaitAsync(TimeSpan.FromSeconds(60));
        Count();
        Assert.Equal(threads * each, counted);

        void Count() => counted += Take(now += 250).Routes.Sum(route => route.Requests);
    }

    [Fact]
    public void RecentFailures_OlderThanFiveSeconds_AreForgotten()
    {
        var failures = new RecentFailures();
        failures.Add(1, 1000);
        failures.Add(2, 5000);
        failures.Add(2, 5500);
        Assert.Equal(new Dictionary<long, int> { [1] = 1, [2] = 2 }, failures.Since(6000));
        Assert.Equal(new Dictionary<long, int> { [2] = 2 }, failures.Since(6001));
        for (var i = 0; i < 5000; i++) failures.Add(i, 7000);
        Assert.Equal(1024, failures.Since(7000).Count);
    }

    // Two endpoints may have one pattern.
    [Fact]
    public void Take_EqualRoutes_AreOneRow()
    {
        foreach (var route in (string[])["GET /a", new("GET /a".AsSpan())]) _counter.End(Begin(1, 0), route, 1, failed: true);
        var window = Take(250);
        Assert.Equal((2, 2), (Assert.Single(window.Routes).Requests, Assert.Single(window.Failures!).Errors));
        Assert.Equal(["GET /a"], _counter.NameRoutes());
    }

    private RunningRequest Begin(long connection, long now, bool isStream = false, WindowCounter? counter = null)
    {
        var request = new RunningRequest(connection, now, isStream);
        (counter ?? _counter).Begin(request);
        return request;
    }

    private WindowFrame Take(long now) => _counter.Take(now, TimeSpan.Zero, 0)!;
}
