using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Ips.Actors.Diagnostics;
using Ips.Actors.Lifecycle;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Load;
using Ips.Testing.Processes;
using Ips.Testing.WebSockets;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests.Observability;

/// <summary>The page of <c>ips dashboard</c> in a real browser, before a service that is reloaded under load.</summary>
[Collection(Waits.Name)]
[Trait("issue", "16")]
public sealed partial class DashboardTests(ITestOutputHelper output) : ProcessTest(output)
{
    private const string Tab = "\uE004", Enter = "\uE007", Escape = "\uE00C";

    private static ServiceSettings Settings => new(ServiceKind.SampleApp)
    {
        Probation = TimeSpan.FromSeconds(1.5), HealthInterval = TimeSpan.FromSeconds(0.5), DrainTimeout = TimeSpan.FromSeconds(3),
        More = ["--Ips:Drain:WebSocketSpread=00:00:00.200"],
    };

    // It looks four times a second at what the page shows meanwhile.
    private const string Look = """
        window.seen = { trial: [], drain: [], said: [], flows: 0 };
        new MutationObserver(changes => changes.forEach(change => change.addedNodes.forEach(node => seen.said.push(node.textContent))))
          .observe(document.getElementById('announce'), { childList: true });
        setInterval(() => {
          const text = id => document.getElementById(id).textContent;
          const rows = [...document.querySelectorAll('.versus tbody tr')].map(row => [...row.children].map(cell => cell.textContent));
          if (rows.length && text('trial-note').includes('probation ends')) seen.trial.push(rows);
          for (const row of document.querySelectorAll('.waits tbody tr')) seen.drain.push(row.textContent);
          seen.flows += document.querySelectorAll('.drop.runs').length;
        }, 250);
        """;

    [ChromiumFact]
    public async Task Page_ThreeReloadsARollbackAndADrain_ShowsWhatReceiptsAndClientsSay()
    {
        var service = await StartAsync(Settings);
        await using var dashboard = await OpenAsync(service);
        await using var browser = await Chromium.StartAsync();
        await browser.OpenAsync(dashboard.Address);
        await browser.WaitAsync("document.getElementById('link')?.dataset.state === 'live'");
        await browser.RunAsync(Look);

        await using var load = StrictLoad.Start(new LoadOptions
        {
            Target = service.Target, StreamWorkers = 0, UploadWorkers = 0, OneShotWorkers = 2, IdleWorkers = 20,
            BusyThinkTime = TimeSpan.FromMilliseconds(10), OneShotThinkTime = TimeSpan.FromMilliseconds(20),
        });
        using var stuck = await StuckWebSocketAsync(service); // it leaves when it is cut
        var sockets = WebSocketLoad.Start(new Uri($"ws://127.0.0.1:{service.Port}/ws"), 4);
        await load.WaitForRequestsAsync(1, Limits.Step);
        for (var reload = 0; reload < 3; reload++) await service.ReloadAsync();
        await RollBackAsync(service);
        await load.WaitForGenerationAsync(4, Limits.Step);
        var open = sockets.Connected - sockets.GoneAway;
        var heard = await sockets.StopAsync();
        var report = await load.StopAsync();
        Output.WriteLine($"{report}{heard}");
        await service.WaitForMainAloneAsync();

        // Receipts: each is a row, newest first, with its generations, its phases and what became of the connections.
        var receipts = (await service.HistoryAsync()).History!.Reverse().ToList();
        Assert.Equal(["rolled-back", "promoted", "promoted", "promoted"], receipts.Select(receipt => receipt.Outcome));
        await browser.WaitAsync($"document.querySelectorAll('.past tbody tr:not(.detail)').length === {receipts.Count}"
            + " && document.querySelectorAll('.past .result')[1].textContent.includes('cut')");
        var rows = (await browser.RunAsync("return [...document.querySelectorAll('.past tbody tr:not(.detail)')].map(row => "
            + "[...row.cells].map(cell => cell.textContent))"))!.AsArray();
        Assert.Equal(receipts.Select(Expected),
            rows.Select(row => string.Join('|', row!.AsArray().Take(5).Skip(1).Select(cell => $"{cell}"))));
        for (var i = 0; i < receipts.Count; i++)
        {
            if (receipts[i].Drain is { } drain)
                Assert.Equal($"moved {drain.Moved}, drained {drain.Connections}, cut {drain.AbortedRequests}", $"{rows[i]![6]}");
            var bars = await browser.RunAsync($"return document.querySelectorAll('.past .bars')[{i}].querySelectorAll('rect').length");
            Assert.Equal(receipts[i].PhasesMs!.Count + (receipts[i].Ended is ReloadOutcome.RolledBack ? 1 : 0), bars!.GetValue<int>());
        }

        // Lanes: every process of the service, and who serves.
        await browser.WaitAsync("document.getElementById('lanes-text').children.length === 5");
        var lanes = await browser.TextAsync("lanes-text");
        Assert.Matches($"Generation 4, PID {service.MainPid}: serving since", lanes);
        Assert.Contains("rolled back at", lanes, StringComparison.Ordinal);
        Assert.Equal(4, Regex.Count(lanes, "ended at|rolled back at"));
        var flows = (await browser.RunAsync("return [...document.querySelectorAll('.flow-text')].map(text => text.textContent)"))!;
        var moved = flows.AsArray().Select(text => $"{text}").Where(text => !text.EndsWith("back", StringComparison.Ordinal))
            .Select(text => long.Parse(text.Split(' ')[0], CultureInfo.InvariantCulture)).ToList();
        var promoted = receipts.Where(receipt => receipt.Ended is ReloadOutcome.Promoted).Reverse().ToList();
        Assert.Equal(promoted.Count, moved.Count);
        foreach (var (receipt, shown) in promoted.Zip(moved))
        {
            // A drain that outlasts the next reload has nobody left to tell: then what followed later is known by the counts alone.
            var (least, busy) = (receipt.Drain?.Moved ?? receipt.Connections!.Moved, receipt.Drain is null ? receipt.Connections!.Busy : 0);
            Assert.InRange(shown, least, least + busy);
        }

        // The clients' own counts: the page shows what the main process answered, the WebSockets that ended included, and no error.
        var all = report.ResponsesByGeneration[4] + open;
        await browser.WaitAsync($"document.getElementById('facts').textContent.includes('{Whole(all)} in all')");
        Assert.Equal((0, 0), (report.FailedRequests, heard.Failed));
        Assert.Contains("5xx errors0 0/s", await browser.TextAsync("facts"), StringComparison.Ordinal);

        // What it showed meanwhile: both sides of the probation, who the drain waited for, connections that move, and words for them.
        var seen = (await browser.RunAsync("return seen"))!;
        var trial = seen["trial"]!.AsArray().Select(rows => rows!.AsArray().Single(row => $"{row![0]}" == "Requests")!).ToList();
        Assert.Contains(trial, row => Number(row[1]!) > 0 && Number(row[2]!) > 0);
        Assert.All(trial, row => Assert.InRange(Number(row[2]!), 0, report.ResponsesByGeneration.Values.Max()));
        Assert.Contains(seen["drain"]!.AsArray(), row => Regex.IsMatch($"{row}", "^WebSocket or other upgrade.*between two messages[1-9]"));
        var said = string.Concat(seen["said"]!.AsArray());
        Assert.Contains("Reload rolled back: generation 4 to 5", said, StringComparison.Ordinal);
        for (var generation = 2; generation <= 4; generation++)
            Assert.Matches($"Generation {generation}, PID [0-9]+, is the main process", said);
        Assert.True(seen["flows"]!.GetValue<int>() > 0, "No connection was seen to move.");
        Assert.Equal([], await browser.ComplaintsAsync());
    }

    [ChromiumFact]
    public async Task Page_ByKeyboardAtAnyWidth_WorksAndIsNamed()
    {
        var service = await StartAsync(Settings);
        await service.ReloadAsync();
        await using var dashboard = await OpenAsync(service);
        await using var browser = await Chromium.StartAsync();
        await browser.OpenAsync(dashboard.Address);
        await browser.WaitAsync("document.getElementById('pause')?.disabled === false && document.querySelector('.past')");

        // Skip link, the three buttons, the range, the newest receipt: in this order, by Tab alone.
        List<string> focused = [];
        for (var i = 0; i < 6; i++)
        {
            await browser.PressAsync(Tab);
            focused.Add($"{await browser.RunAsync("const e = document.activeElement; return e.id || e.name || e.className")}");
        }

        Assert.Equal(["skip", "reload", "check", "pause", "range", "more"], focused);
        await browser.PressAsync(Enter);
        await browser.WaitAsync("document.querySelector('.past .more').getAttribute('aria-expanded') === 'true' && "
            + "document.getElementById('detail-0').textContent.includes('generation 2')");

        // Pause asks first; Escape is no.
        await browser.RunAsync("document.getElementById('pause').focus()");
        await browser.PressAsync(Enter);
        await browser.WaitAsync("document.getElementById('confirm').open");
        await browser.PressAsync(Escape);
        await browser.WaitAsync("!document.getElementById('confirm').open && document.activeElement.id === 'pause'");
        Assert.False((await service.StatusAsync()).Paused);
        await browser.PressAsync(Enter, Tab, Enter);
        await browser.WaitAsync("document.getElementById('action').textContent.startsWith('Paused')");
        Assert.True((await service.StatusAsync()).Paused);
        await browser.WaitAsync("document.getElementById('pause').textContent === 'Resume'");
        await browser.RunAsync("document.getElementById('pause').click()");
        await browser.WaitAsync("document.getElementById('action').textContent.startsWith('Resumed')");
        await browser.RunAsync("document.getElementById('check').click()");
        await browser.WaitAsync("document.getElementById('action').textContent.startsWith('Checked in')");
        await browser.RunAsync("document.getElementById('reload').click()");
        await browser.PressAsync(Tab, Enter);
        await browser.WaitAsync("document.getElementById('action').textContent.startsWith('Reloaded in')");
        Assert.Equal(3, (await service.StatusAsync()).Generation);

        foreach (var scheme in (string[])["light", "dark"])
        {
            await browser.CommandAsync("Emulation.setEmulatedMedia", new JsonObject
            {
                ["features"] = new JsonArray(new JsonObject { ["name"] = "prefers-color-scheme", ["value"] = scheme }),
            });
            foreach (var width in (int[])[320, 768, 1440])
            {
                await browser.CommandAsync("Emulation.setDeviceMetricsOverride", new JsonObject
                {
                    ["width"] = width, ["height"] = 900, ["deviceScaleFactor"] = 1, ["mobile"] = false,
                });
                await browser.WaitAsync($"innerWidth === {width} && document.documentElement.scrollWidth <= {width}");
            }
        }

        // What a screen reader gets: every control and picture has a name, and what moves says so politely.
        Assert.Equal("", $"{await browser.RunAsync("""
            return [...document.querySelectorAll('button, [role=img], section, fieldset, dialog')].filter(e => {
              const by = e.getAttribute('aria-labelledby');
              return !(e.getAttribute('aria-label') || (by && document.getElementById(by)) || e.querySelector('legend, title')
                || e.textContent.trim());
            }).map(e => e.outerHTML.slice(0, 80)).join()
            """)}");
        Assert.Equal("polite", $"{await browser.RunAsync("return document.querySelector('[role=status]').getAttribute('aria-live')")}");
        Assert.Equal([], await browser.ComplaintsAsync());

        // The service ends; the page stays, and says so.
        await service.StopAsync();
        await browser.WaitAsync("document.getElementById('link').dataset.state === 'stopped'"
            + " && document.getElementById('reload').disabled");
    }

    [Fact]
    public async Task Command_WhateverItsEnvironmentSays_ListensOnLoopbackAlone()
    {
        var service = await StartAsync(Settings);
        await File.WriteAllTextAsync(Path.Combine(Folder, "appsettings.json"),
            """{ "Urls": "http://0.0.0.0:5999", "Kestrel": { "Endpoints": { "X": { "Url": "http://0.0.0.0:5998" } } } }""");
        await using var dashboard = await OpenAsync(service, new Dictionary<string, string?>
        {
            ["ASPNETCORE_URLS"] = "http://0.0.0.0:5997", ["DOTNET_URLS"] = "http://0.0.0.0:5996", ["HTTP_PORTS"] = "5995",
            ["ASPNETCORE_HTTP_PORTS"] = "5994", ["Kestrel__Endpoints__X__Url"] = "http://0.0.0.0:5993", ["URLS"] = "http://0.0.0.0:5992",
        });
        var port = new Uri(dashboard.Address).Port;
        var inodes = TcpSockets.InodesOf(dashboard.Process.Pid);
        var listening = ((string[])["tcp", "tcp6"]).SelectMany(kind => File.ReadLines($"/proc/{dashboard.Process.Pid}/net/{kind}").Skip(1))
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Where(words => words[3] == "0A" && inodes.Contains(words[9]));
        Assert.Equal($"0100007F:{port:X4}", Assert.Single(listening)[1]);

        // Standard output is the address alone; ^C is how it ends, and the service serves on.
        dashboard.Process.Signal(ProcessTable.SigInt);
        Assert.Equal(0, await dashboard.Process.WaitForExitAsync(Limits.Step));
        Assert.Single(dashboard.Process.Lines, line => !line.IsError);
        Assert.Equal(1, await service.AnsweringGenerationAsync());
    }

    [Fact]
    public async Task Command_WrongOrAbsentService_SaysSoAndServesNothing()
    {
        var absent = await IpsCommand.RunAsync("dashboard", "--pid-file", Path.Combine(Folder, "absent.pid"));
        Assert.Equal((1, 0), (absent.ExitCode, absent.Output.Count));
        Assert.Contains("No daemon is running", absent.Errors[0], StringComparison.Ordinal);
        var both = await IpsCommand.RunAsync("dashboard", "--all", "--pid", "1");
        Assert.Equal((2, 0), (both.ExitCode, both.Output.Count));
    }

    [Fact]
    public async Task Once_OfARunningAndAStoppedService_IsOneFileWithTheHistory()
    {
        var service = await StartAsync(Settings with { Probation = TimeSpan.Zero });
        await service.ReloadAsync();
        var file = Path.Combine(Folder, "report.html");
        var all = await IpsCommand.RunAsync("dashboard", "--all", "--once", file);
        Assert.True(all.ExitCode == 0, all.ToString());
        Assert.Contains(service.PidFile, await File.ReadAllTextAsync(file), StringComparison.Ordinal);
        Assert.True((await IpsCommand.RunAsync("dashboard", "--pid", $"{service.MainPid}", "--once", file)).ExitCode == 0);
        Assert.Contains("✓ promoted", await File.ReadAllTextAsync(file), StringComparison.Ordinal);
        await service.StopAsync();
        var stopped = await IpsCommand.RunAsync("dashboard", "--pid-file", service.PidFile, "--once", "-");
        Assert.True(stopped.ExitCode == 0, stopped.ToString());
        Assert.Contains("It does not run", string.Join('\n', stopped.Output), StringComparison.Ordinal);
        Assert.Contains("✓ promoted", string.Join('\n', stopped.Output), StringComparison.Ordinal);
    }

    private async Task<OpenDashboard> OpenAsync(Service service, IReadOnlyDictionary<string, string?>? environment = null)
    {
        var process = DaemonProcess.Start(Binaries.IpsPath, ["dashboard", "--pid-file", service.PidFile], environment, Folder);
        return new OpenDashboard(process, (await process.WaitForLineAsync(Printed(), Limits.Step)).Value);
    }

    // A client that never answers a Close: the drain waits for it until its deadline.
    private static async Task<RawClient> StuckWebSocketAsync(Service service)
    {
        var client = await RawClient.ConnectAsync(service.Port);
        await client.SendAsync("GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
        await client.ReadUntilAsync(text => text.Contains("101 Switching", StringComparison.Ordinal));
        return client;
    }

    // A release that gives up on probation.
    private static async Task RollBackAsync(Service service)
    {
        var (main, mark) = (service.MainPid, service.Log.Mark);
        service.Signal(ProcessTable.SigUsr2);
        var successor = await service.Log.WaitForAsync(
            e => e.Id == EventIds.AcceptingStarted && e.Pid != main, "a successor that accepts", mark);
        ProcessTable.Signal(successor.Pid, ProcessTable.SigTerm);
        await service.Log.WaitForAsync(mark, EventIds.ReloadFailed);
    }

    private static string Expected(ReloadReceipt receipt) => string.Create(CultureInfo.InvariantCulture,
        $"{(receipt.Ended is ReloadOutcome.Promoted ? "✓ promoted" : "↩ rolled back")}|{receipt.OldGeneration} → {receipt.NewGeneration}|"
            + $"{receipt.NewRelease}|{(receipt.ElapsedMs < 1000 ? $"{receipt.ElapsedMs:0} ms" : $"{receipt.ElapsedMs / 1000:0.0} s")}");

    private static string Whole(long number) => number.ToString("#,0", CultureInfo.InvariantCulture);

    private static double Number(JsonNode text) =>
        double.TryParse($"{text}", NumberStyles.AllowThousands, CultureInfo.InvariantCulture, out var number) ? number : 0;

    [GeneratedRegex(@"http://127\.0\.0\.1:\d+/\?token=[0-9a-f]{64}")]
    private static partial Regex Printed();

    private sealed record OpenDashboard(DaemonProcess Process, string Address) : IAsyncDisposable
    {
        public ValueTask DisposeAsync() => Process.DisposeAsync();
    }
}
