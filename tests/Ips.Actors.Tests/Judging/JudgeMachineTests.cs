using Ips.Actors.Configuration;
using Ips.Actors.Handover;
using Ips.Actors.Judging;
using static Ips.Actors.Tests.Judging.WindowFeed;

namespace Ips.Actors.Tests.Judging;

/// <summary>Each clause of the rule. Ten errors of the successor alone, at half of the requests, are the evidence for a rollback.</summary>
public sealed class JudgeMachineTests
{
    private readonly JudgeMachine _judge;
    private readonly WindowFeed _windows;

    public JudgeMachineTests() => (_judge, _windows) = Begin(new JudgeTerms());

    private static (JudgeMachine Judge, WindowFeed Windows) Begin(JudgeTerms terms, double share = .5)
    {
        var judge = new JudgeMachine(terms);
        var windows = new WindowFeed(judge);
        windows.Step(share);
        return (judge, windows);
    }

    [Fact]
    public void Look_ErrorsOfTheSuccessorAlone_RollsBackAndSaysHowMany()
    {
        _windows.Pass(3, after: Failing(1, 2, 3, 4));
        Assert.Equal("12 of the 60 requests that it answered failed, and 0 of 60 here at the same time", RollBack(_judge).Reason);
    }

    [Fact]
    public void Look_ErrorsOfBothAlike_IsClean()
    {
        _windows.Pass(20, before: Failing(1, 2, 3, 4, 5), after: Failing(6, 7, 8, 9, 10));
        Assert.IsNotType<Verdict.RollBack>(_judge.Look());
    }

    [Fact]
    public void Look_ErrorsOfThePredecessorAlone_IsNoRollback()
    {
        _windows.Pass(20, before: Failing(1, 2, 3, 4, 5));
        Assert.IsNotType<Verdict.RollBack>(_judge.Look());
    }

    [Fact]
    public void Look_AtATenthOfTheRequests_NeedsFewerErrors()
    {
        var (judge, windows) = Begin(new JudgeTerms(), share: .1);
        windows.Pass(1, 90, after: window => Failing(1, 2, 3, 4)(window with { Routes = [window.Routes[0] with { Requests = 10 }] }));
        Assert.NotNull(RollBack(judge));
    }

    [Fact]
    public void Look_ErrorsOnTwoConnections_IsNoRollback()
    {
        _windows.Pass(10, after: Failing(1, 2));
        Assert.IsNotType<Verdict.RollBack>(_judge.Look());
        _windows.Pass(2, after: Failing(3));
        Assert.NotNull(RollBack(_judge));
    }

    [Fact]
    public void Look_ManyErrorsOfAConnection_CountsFive()
    {
        _windows.Pass(10, after: Failing(1, 1, 1, 1));
        _windows.Pass(1, after: Failing(2, 3));
        Assert.IsNotType<Verdict.RollBack>(_judge.Look()); // seven of them count
        _windows.Pass(1, after: Failing(4, 5, 6, 7, 8));
        Assert.NotNull(RollBack(_judge));
    }

    [Fact]
    public void Look_AConnectionThatFailedBefore_IsLeftOut()
    {
        var failed = new Dictionary<long, int> { [1] = 1, [2] = 1, [3] = 1, [4] = 1 };
        var (judge, windows) = Begin(new JudgeTerms { FailedBefore = failed, ConnectionsBefore = 100 });
        windows.Pass(5, after: Failing(1, 2, 3, 4));
        Assert.IsNotType<Verdict.RollBack>(judge.Look());
    }

    [Theory]
    [InlineData(100, 1, false)] // of few connections each counts five errors
    [InlineData(200, 1, false)] // of many, as many as the typical one has, twice
    [InlineData(200, 6, true)]
    public void Look_MostHaveFailedBefore_LeavesOutNoneAndCountsWhatIsTypical(int connections, int errors, bool rollsBack)
    {
        var failed = Enumerable.Range(1, connections).ToDictionary(connection => (long)connection, _ => errors);
        var (judge, windows) = Begin(new JudgeTerms { FailedBefore = failed, ConnectionsBefore = connections });
        windows.Pass(12, before: Failing(11));
        windows.Pass(12, after: Failing(1, 1, 2, 3, 4));
        Assert.Equal(rollsBack, judge.Look() is Verdict.RollBack);
    }

    [Fact]
    public void Look_OneRouteOfTwenty_NeedsFewMoreErrorsThanAll()
    {
        for (var window = 1; window <= 2; window++)
        {
            RouteWindow[] routes = [.. Enumerable.Range(0, 20).Select(route => new RouteWindow($"GET /{route}", 10, 0, 0, []))];
            var frame = new WindowFrame(window, 200, 50, 0, 0, [0, 0, 0, 0, 0], routes);
            _judge.Before(frame with { Failures = [.. Enumerable.Range(0, 10).Select(i => new ConnectionFailures(100 + i, 0, 1))] });
            _judge.After(frame with
            {
                Failures = [.. Enumerable.Range(0, 9).Select(i => new ConnectionFailures((window * 20) + i, 7, 1))],
            });
        }

        // 18 errors there and 20 here are alike, but those of the one route are not.
        Assert.EndsWith("most of them on GET /7, and 0 of 400 here at the same time", RollBack(_judge).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Look_NoStepYet_JudgesNothing()
    {
        var judge = new JudgeMachine(new JudgeTerms());
        new WindowFeed(judge).Pass(5, after: Failing(1, 2, 3, 4));
        Assert.Equal(new Verdict.NotJudged(0, null, null), judge.Look());
    }

    [Fact]
    public void Look_WindowsOfOneAlone_Wait()
    {
        for (var window = 1; window <= 5; window++) _judge.After(Failing(1, 2, 3, 4)(Window(window, 20)));
        Assert.Equal(new Verdict.NotJudged(0, null, null), _judge.Look());
        for (var window = 1; window <= 5; window++) _judge.Before(Window(window, 20));
        Assert.NotNull(RollBack(_judge));
    }

    [Fact]
    public void Look_AWindowThatComesAgain_CountsOnce()
    {
        for (var again = 0; again < 5; again++) _judge.After(Failing(1, 2, 3, 4)(Window(1, 20)));
        _judge.Before(Window(1, 20));
        Assert.Equal(40, Assert.IsType<Verdict.NotJudged>(_judge.Look()).Requests);
    }

    [Fact]
    public void Look_ThreeTimesAsSlow_RollsBackOnceTheFirstSecondsArePast()
    {
        _windows.Pass(6, after: Taking(12)); // 1.5 s, which are left out
        _windows.Pass(10, after: Taking(12));
        Assert.IsNotType<Verdict.RollBack>(_judge.Look());
        _windows.Pass(2, after: Taking(12));
        Assert.StartsWith("its requests took more than 1.5 times as long as here", RollBack(_judge).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Look_BothSlow_IsClean()
    {
        _windows.Pass(30, before: Taking(100), after: Taking(120));
        Assert.IsType<Verdict.Clean>(_judge.Look());
        Assert.Null(_judge.Report().Notes);
    }

    [Theory]
    [InlineData(9, 1000, false)] // 18 connections: told only
    [InlineData(10, 7, false)] // 20: twice as slow counts
    [InlineData(10, 12, true)]
    [InlineData(25, 7, true)] // 50: 1.5 times
    [InlineData(25, 5, false)]
    public void Look_SlowWithSoManyConnections_RollsBackFromTheirBarOn(int connections, double ms, bool rollsBack)
    {
        _windows.Pass(30, after: Taking(ms), connections: connections);
        Assert.Equal(rollsBack, _judge.Look() is Verdict.RollBack);
    }

    [Fact]
    public void Wants_TooFewRequestsThatSoonAreEnough_SaysHowLong()
    {
        _windows.Pass(20, requests: 5);
        var few = Assert.IsType<Verdict.NotJudged>(_judge.Look());
        Assert.Equal(TimeSpan.FromSeconds(8), few.WouldNeed);
        Assert.Equal("200 requests tell too little, 8 s would be enough", _judge.Wants(TimeSpan.FromSeconds(8)));
        Assert.Null(_judge.Wants(TimeSpan.FromSeconds(7)));
        _windows.Pass(12, requests: 5);
        Assert.IsType<Verdict.Clean>(_judge.Look());
        Assert.Null(_judge.Wants(TimeSpan.FromSeconds(30)));
    }

    [Fact]
    public void Wants_WithoutRequests_IsNothing()
    {
        _windows.Pass(20, requests: 0);
        Assert.Null(_judge.Wants(TimeSpan.FromHours(1)));
    }

    [Fact]
    public void Wants_EvidenceThatIsNotEnough_SaysThatItSeemsWorse()
    {
        _windows.Pass(20);
        Assert.Null(_judge.Wants(TimeSpan.FromSeconds(30)));
        _windows.Pass(1, after: Failing(1, 2, 3, 4, 5, 6, 7));
        Assert.IsType<Verdict.Clean>(_judge.Look()); // of more than these
        Assert.Equal(JudgeWords.Suspicious, _judge.Wants(TimeSpan.FromSeconds(30)));
        _windows.Pass(1, after: Failing(1, 2, 3, 4, 5, 6, 7));
        Assert.NotNull(RollBack(_judge));
        Assert.Null(_judge.Wants(TimeSpan.FromSeconds(30)));
    }

    [Fact]
    public void Report_SlowWithFewConnections_TellsIt()
    {
        _windows.Pass(30, after: Taking(40), connections: 5);
        var report = _judge.Report();
        Assert.Equal(["Latency was not judged: 10 connections, 20 are needed."], report.Notes!);
        Assert.Equal("slow, few clients", report.Routes[1].Verdict);
    }

    [Theory]
    [InlineData(nameof(MildEffects.None), false)]
    [InlineData(nameof(MildEffects.Slower), true)]
    public void Look_ALittleSlower_RollsBackOnlyIfAsked(string effects, bool rollsBack)
    {
        var (judge, windows) = Begin(new JudgeTerms { RollBackOn = Enum.Parse<MildEffects>(effects) });
        windows.Pass(25, after: Taking(5.6));
        Assert.Equal(rollsBack, judge.Look() is Verdict.RollBack);
        Assert.Equal("a little slower", judge.Report().Routes[1].Verdict);
        if (!rollsBack) Assert.StartsWith("Its requests took more than 1.3 times", judge.Report().Notes![0], StringComparison.Ordinal);
    }

    [Fact]
    public void Wants_FewLatenciesOfManyClients_SaysHowLong()
    {
        var (judge, windows) = Begin(new JudgeTerms(), share: .05);
        windows.Pass(20, 90, after: Few); // every other window has enough to compare
        Assert.IsType<Verdict.Clean>(judge.Look());
        Assert.Equal("7 comparisons of latencies tell too little, 8 s would be enough", judge.Wants(TimeSpan.FromSeconds(30)));
        Assert.Null(judge.Wants(TimeSpan.FromSeconds(7)));
        windows.Pass(11, 90, after: Few);
        Assert.Null(judge.Wants(TimeSpan.FromSeconds(30)));

        static WindowFrame Few(WindowFrame window) => window with
        {
            Routes = [window.Routes[0] with { Requests = 3, Latency = [window.Routes[0].Latency[0], 3] }],
        };
    }

    [Fact]
    public void Look_RequestsThatAreNotAnswered_RollsBack()
    {
        _windows.Pass(11);
        _windows.Pass(1, after: Hanging(Ids(1, 12)));
        Assert.Equal("12 of the 240 requests that it began were unanswered after 1 s, and 0 of 240 here at the same time",
            RollBack(_judge).Reason);
    }

    [Fact]
    public void Look_RequestsOfTheFirstSeconds_CountOnceTheyStillRunAfterwards()
    {
        _windows.Pass(5);
        _windows.Pass(1, after: Hanging(Ids(1, 12)));
        _windows.Pass(4);
        Assert.IsNotType<Verdict.RollBack>(_judge.Look());
        _windows.Pass(1, after: window => window with { Running = [0, 0, 12, 0, 0] });
        Assert.NotNull(RollBack(_judge));
    }

    [Fact]
    public void Look_RequestsOfTheFirstSecondsThatEnded_DoNotCount()
    {
        _windows.Pass(5);
        _windows.Pass(1, after: Hanging(Ids(1, 12)));
        _windows.Pass(6);
        Assert.IsNotType<Verdict.RollBack>(_judge.Look());
    }

    [Fact]
    public void Look_BothDoNotAnswer_IsNoRollback()
    {
        _windows.Pass(11);
        _windows.Pass(4, before: Hanging(Ids(101, 20)), after: Hanging(Ids(1, 20)));
        Assert.IsNotType<Verdict.RollBack>(_judge.Look());
    }

    [Fact]
    public void Look_AfterARollback_StaysThat()
    {
        _windows.Pass(3, after: Failing(1, 2, 3, 4));
        var reason = RollBack(_judge).Reason;
        _windows.Pass(20, before: Failing(101, 102, 103, 104, 105));
        Assert.Equal(reason, RollBack(_judge).Reason);
    }

    [Fact]
    public void Look_FewRequests_SaysWhatItWouldNeed()
    {
        _windows.Pass(20, requests: 1);
        var verdict = Assert.IsType<Verdict.NotJudged>(_judge.Look());
        Assert.Equal(40, verdict.Requests);
        Assert.InRange(verdict.WouldNeed!.Value.TotalSeconds, 30, 50);
        Assert.InRange(verdict.SmallestErrorShare!.Value, .5, .9);
        Assert.Matches(
            @"^not judged: 40 requests, would need \d+ s; had \d+.*% of its requests failed, that would", _judge.Report().Text);

        _windows.Pass((int)(verdict.WouldNeed.Value.TotalSeconds * 4) - 20 + 1, requests: 1);
        Assert.IsType<Verdict.Clean>(_judge.Look()); // it was told the truth
    }

    [Fact]
    public void Look_ErrorsUsualAndConnectionsFew_IsNotJudged()
    {
        var failed = Enumerable.Range(1, 10).ToDictionary(connection => (long)connection, _ => 40);
        var (judge, windows) = Begin(new JudgeTerms { FailedBefore = failed, ConnectionsBefore = 10 });
        windows.Pass(20, 200, Failing([.. Ids(1, 5), .. Ids(1, 5)]), Failing([.. Ids(6, 5), .. Ids(6, 5)]), connections: 5);
        var verdict = Assert.IsType<Verdict.NotJudged>(judge.Look()); // five errors of ten connections cannot show a tenth more
        Assert.Null(verdict.WouldNeed);
    }

    [Fact]
    public void Report_NoRequests_SaysSo()
    {
        _windows.Pass(20, requests: 0);
        Assert.Equal("not judged: no requests", _judge.Report().Text);
    }

    [Fact]
    public void Report_Table_HasAllRequestsThenEachRoute()
    {
        for (var window = 1; window <= 20; window++)
        {
            _judge.Before(Both(window, "GET /old", 1));
            _judge.After(Both(window, "GET /new", 2));
        }

        var report = _judge.Report();
        Assert.Equal("clean", report.Verdict);
        Assert.Equal(["* no worse", "GET /a no worse", "GET /new only after", "GET /old only before"],
            report.Routes.Select(row => $"{row.Route} {row.Verdict}"));
        Assert.Equal(new RouteFigures(620, 0, 3.995, 3.995), report.Routes[0].Before with { P50Ms = 3.995, P99Ms = 3.995 });
        Assert.Equal(600, report.Routes[1].After.Requests);

        static WindowFrame Both(int window, string other, int requests) => Window(window, 20) with
        {
            Routes = [.. Window(window, 30, "GET /a").Routes, .. Window(window, requests, other).Routes],
            Connections = 5,
        };
    }

    [Fact]
    public void Windows_OfASuccessorThatNamesOtherRoutesEachTime_MakeFewRows()
    {
        for (var window = 1; window <= 500; window++)
        {
            _judge.Before(Window(window, 20));
            _judge.After(Window(window, 20, $"GET /{window}"));
        }

        Assert.InRange(_judge.Report().Routes.Count, 3, 110);
    }

    private static long[] Ids(int first, int count) => [.. Enumerable.Range(first, count).Select(id => (long)id)];

    private static Verdict.RollBack RollBack(JudgeMachine judge) => Assert.IsType<Verdict.RollBack>(judge.Look());
}
