using System.Globalization;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Http2;
using Ips.Testing.Load;
using Ips.Testing.Processes;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests.AppKinds;

/// <summary>Each kind of app is no worse with the line than without it. docs/compatibility.md is the table of this.</summary>
[Collection(Waits.Name)]
public sealed class CompatibilityTests(ITestOutputHelper output) : ProcessTest(output)
{
    private const int Reloads = 3, Hubs = 3;
    private static readonly TimeSpan StopSlack = TimeSpan.FromSeconds(0.5);
    private readonly List<string> _findings = [];

    public static TheoryData<string> Kinds { get; } = new(AppKindTable.All.Select(kind => kind.Name));

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Line_InAnAppOfAnyKind_ChangesNothingButReloads(string name)
    {
        var kind = AppKindTable.Of(name);
        await using var stock = Start(kind, "stock", line: false);
        await using var added = Start(kind, "added", line: true);
        await stock.WaitForListeningAsync();
        await added.WaitForListeningAsync();
        await CompareAnswersAsync(stock, added);
        await ReloadUnderLoadAsync(kind, added);
        await CompareStopsAsync(kind, ProcessTable.SigTerm, stock, added, added.MainPid);
        await CompareInterruptsAsync(kind);
        CompareComplaints(kind, stock, added);
        if (_findings.Count > 0) Output.WriteLine(added.First.OutputTail(400));
        Assert.True(_findings.Count == 0, string.Join(Environment.NewLine, _findings));
    }

    private AppRun Start(AppKind kind, string folder, bool line)
    {
        var name = $"{folder}{Directory.GetDirectories(Folder).Length}"; // short: Unix sockets are in it
        return AppRun.Start(kind, Path.Combine(Folder, name), line);
    }

    private async Task CompareAnswersAsync(AppRun stock, AppRun added)
    {
        var (expected, actual) = (await stock.AskAllAsync(), await added.AskAllAsync());
        foreach (var ((request, answer), (_, other)) in expected.Zip(actual))
        {
            if (answer != other) _findings.Add($"{request} is answered '{other}' with the line and '{answer}' without it.");
        }

        if (stock.RequestLines() != added.RequestLines())
            _findings.Add($"The log has {added.RequestLines()} lines of requests with the line and {stock.RequestLines()} without it.");
    }

    private async Task ReloadUnderLoadAsync(AppKind kind, AppRun app)
    {
        await using var load = StrictLoad.Start(Mix(app.Target));
        await using var http2 = kind.HasGrpc ? H2Load.Start(H2Mix(app.Place.SecondPort)) : null;
        await using var hub = kind.HasHub ? HubLoad.Start(app.Place.Port, Hubs) : null;
        await load.WaitForRequestsAsync(1, Limits.Step);
        for (var reload = 1; reload <= Reloads; reload++)
        {
            if (hub is not null) await Eventually.TrueAsync(() => hub.Connected >= reload * Hubs, "SignalR clients that are connected");
            if (await app.TryReloadAsync() is { } reason)
            {
                _findings.Add($"Reload {reload} failed: {reason}");
                break;
            }
        }

        await load.WaitForRequestsAsync(1, Limits.Step);
        await app.Processes.WaitForOnlyAsync(app.MainPid);
        var report = await load.StopAsync();
        if (report.FailedRequests + report.Resets > 0) _findings.Add($"A client noticed a reload: {report}");
        if (http2 is not null && await http2.StopAsync() is var h2 && h2.Failed + h2.Resets + h2.ClosedUntold > 0)
            _findings.Add($"A client noticed a reload: {h2}");
        if (hub is not null)
        {
            foreach (var failure in await hub.StopAsync()) _findings.Add(failure);
            if (hub.ToldToLeave != Reloads * Hubs) _findings.Add($"SignalR clients were told to leave {hub.ToldToLeave} times.");
        }

        var code = await app.First.WaitForExitAsync(Limits.Step);
        if (code != kind.ExitCode) _findings.Add($"The first generation ended with {code}.");
    }

    // The exit code of a later generation is nobody's here: that of ^C, which comes before a reload, is looked at.
    private async Task CompareInterruptsAsync(AppKind kind)
    {
        await using var stock = Start(kind, "stock", line: false);
        await using var added = Start(kind, "added", line: true);
        await stock.WaitForListeningAsync();
        await added.WaitForListeningAsync();
        await CompareStopsAsync(kind, ProcessTable.SigInt, stock, added, added.First.Pid);
        var (expected, actual) = (await stock.First.WaitForExitAsync(Limits.Step), await added.First.WaitForExitAsync(Limits.Step));
        if (expected != actual) _findings.Add($"^C ends it with {actual} with the line and {expected} without it.");
    }

    // A pair that is near enough is enough; on a busy machine the medians of three decide.
    private async Task CompareStopsAsync(AppKind kind, int signal, AppRun stock, AppRun added, int addedPid)
    {
        List<TimeSpan> expected = [await stock.EndAsync(signal, stock.First.Pid)], actual = [await added.EndAsync(signal, addedPid)];
        if (actual[0] <= expected[0] + StopSlack) return;
        while (actual.Count < 3)
        {
            await using var nextStock = Start(kind, "stock", line: false);
            await using var nextAdded = Start(kind, "added", line: true);
            await nextStock.WaitForListeningAsync();
            await nextAdded.WaitForListeningAsync();
            expected.Add(await nextStock.EndAsync(signal, nextStock.First.Pid));
            actual.Add(await nextAdded.EndAsync(signal, nextAdded.First.Pid));
        }

        var (median, medianOfStock) = (actual.Order().ElementAt(1), expected.Order().ElementAt(1));
        if (median > medianOfStock + StopSlack)
            _findings.Add(string.Create(CultureInfo.InvariantCulture,
                $"Signal {signal} takes {median.TotalSeconds:0.00} s with the line and {medianOfStock.TotalSeconds:0.00} s without it."));
    }

    private void CompareComplaints(AppKind kind, AppRun stock, AppRun added)
    {
        foreach (var complaint in added.Complaints().Except(stock.Complaints()))
        {
            if (kind.NewWarning is null || !System.Text.RegularExpressions.Regex.IsMatch(complaint, kind.NewWarning))
                _findings.Add($"Only with the line: {complaint}");
        }
    }

    // Few of each: what is looked for is a request that fails, and a machine has many kinds to go through.
    private static LoadOptions Mix(LoadTarget target) => new()
    {
        Target = target,
        Paths = new LoadPaths { Stream = "/stream?ms=300&chunks=6" },
        OneShotWorkers = 1, BusyWorkers = 1, IdleWorkers = 8, StreamWorkers = 1, UploadWorkers = 1,
        OneShotThinkTime = TimeSpan.FromMilliseconds(20), BusyThinkTime = TimeSpan.FromMilliseconds(5),
        IdleIntervalMin = TimeSpan.FromMilliseconds(50), IdleIntervalMax = TimeSpan.FromMilliseconds(500),
        UploadTime = TimeSpan.FromMilliseconds(300), UploadPieces = 6,
    };

    private static H2Options H2Mix(int port) => new()
    {
        Target = LoadTarget.Loopback(port), BusyClients = 1, IdleClients = 1, Streams = 2, SlowPath = "/stream?ms=300&chunks=6",
    };
}
