using System.Diagnostics;
using System.Net.WebSockets;
using Ips.Actors.Diagnostics;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Http2;
using Ips.Testing.Load;
using Ips.Testing.Processes;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests;

/// <summary>How a service ends: what runs is finished, until the deadline; nobody is cut off untold.</summary>
public sealed class StopTests(ITestOutputHelper output) : ProcessTest(output)
{
    private const string LongRequest = "/stream?ms=600000&chunks=6000";

    [Theory]
    [InlineData(ProcessTable.SigTerm, "SIGTERM")]
    [InlineData(ProcessTable.SigInt, "SIGINT")]
    [InlineData(ProcessTable.SigQuit, "SIGQUIT")]
    public async Task StopSignal_NothingRuns_EndsWith0(int signal, string name)
    {
        var service = await StartAsync(new ServiceSettings(ServiceKind.Daemon));
        var ignored = ProcFs.Ignores(service.MainPid, signal); // SIGINT and SIGQUIT are in a background job of a script, and stay so
        service.Signal(signal);
        if (ignored)
        {
            Assert.Equal(1, await service.AnsweringGenerationAsync());
            return;
        }

        Assert.Equal(0, await service.First.WaitForExitAsync(Limits.Step));
        Assert.Equal(name, Assert.Single(service.Log.Of(EventIds.Stopping))["Source"]);
        Assert.False(File.Exists(service.PidFile), "The PID file outlived the stop.");
        Assert.False(File.Exists($"{service.PidFile}.sock"), "The control socket outlived the stop.");
    }

    [Fact]
    public async Task Stop_RequestOutlastsDrainTimeout_IsCutAndExitCodeIs3()
    {
        var settings = new ServiceSettings(ServiceKind.SampleApp) { DrainTimeout = TimeSpan.FromSeconds(1) };
        var service = await StartAsync(settings);
        using var client = await StartLongRequestAsync(service);
        var clock = Stopwatch.StartNew();
        var stop = await IpsCommand.RunAsync("stop", "--pid", $"{service.MainPid}");

        Assert.Equal(0, stop.ExitCode);
        Assert.Equal(3, await service.First.WaitForExitAsync(Limits.Step));
        Assert.True(clock.Elapsed >= settings.DrainTimeout, $"The request got {clock.Elapsed}.");
        Assert.Single(service.Log.Of(EventIds.DrainTimedOut));
        Assert.Equal("1", Assert.Single(service.Log.Of(EventIds.Aborted))["Requests"]);
    }

    [Fact]
    public async Task SecondTerm_RequestRuns_AbortsAtOnce()
    {
        var service = await StartAsync(new ServiceSettings(ServiceKind.SampleApp) { DrainTimeout = TimeSpan.FromMinutes(10) });
        using var client = await StartLongRequestAsync(service);
        service.Signal(ProcessTable.SigTerm);
        await service.Log.WaitForAsync(0, EventIds.DrainBegan);
        Assert.False(service.Log.Of(EventIds.Exiting).Any());

        service.Signal(ProcessTable.SigTerm);
        Assert.Equal(3, await service.First.WaitForExitAsync(Limits.Step));
        await client.EndAsync();
    }

    // As without Ips: many apps wait there until load balancers look away.
    [Fact]
    public async Task Term_AppWaitsInApplicationStopping_ServesNewAndOldClientsUntilThen()
    {
        var release = Path.Combine(Folder, "release");
        var service = await StartAsync(new ServiceSettings(ServiceKind.SampleApp) { More = [$"--Sample:HeldStop={release}"] });
        using var old = await RawClient.ConnectAsync(service.Port);
        await old.GetAsync("/ping");
        service.Signal(ProcessTable.SigTerm);
        await service.Log.WaitForAsync(0, EventIds.DrainBegan);
        for (var i = 0; i < 20; i++)
        {
            using var client = await RawClient.ConnectAsync(service.Port);
            Assert.StartsWith("HTTP/1.1 200", await client.GetAsync("/ping"), StringComparison.Ordinal);
            Assert.StartsWith("HTTP/1.1 200", await old.GetAsync("/ping"), StringComparison.Ordinal);
        }

        await File.WriteAllTextAsync(release, "");
        Assert.Equal(0, await service.First.WaitForExitAsync(Limits.Step));
    }

    // 0 s is the default: as an app without Ips.
    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public async Task Term_IdleConnections_AreClosedAfterIdleStop(int seconds)
    {
        var service = await StartAsync(new ServiceSettings(ServiceKind.Daemon)
        {
            DrainTimeout = TimeSpan.FromMinutes(10),
            More = seconds > 0 ? [$"ips.drain.idle-stop = {seconds}s"] : [],
        });
        using var asked = await RawClient.ConnectAsync(service.Port);
        await asked.GetAsync("/ping");
        using var silent = await RawClient.ConnectAsync(service.Port);
        await WaitForConnectionsAsync(service, 2);

        var clock = Stopwatch.StartNew();
        service.Signal(ProcessTable.SigTerm);
        var ends = await Task.WhenAll(asked.EndAsync(), silent.EndAsync());
        Assert.True(clock.Elapsed >= TimeSpan.FromSeconds(seconds), $"A connection was closed after {clock.Elapsed}.");
        Assert.All(ends, end => Assert.Equal("FIN", end));
        Assert.Equal(0, await service.First.WaitForExitAsync(Limits.Step));
    }

    [Fact]
    public async Task Term_RequestRuns_IsFinishedAndItsConnectionClosedRightAfter()
    {
        var service = await StartAsync(new ServiceSettings(ServiceKind.SampleApp)
        {
            DrainTimeout = TimeSpan.FromMinutes(10),
            More = ["--Ips:Drain:IdleGrace=00:01:00"], // a stop does not wait for it
        });
        using var waits = await RawClient.ConnectAsync(service.Port);
        await waits.SendAsync("POST /upload HTTP/1.1\r\nHost: local\r\nContent-Length: 2\r\n\r\na");
        using var streams = await RawClient.ConnectAsync(service.Port); // its headers go out before the stop
        await streams.SendGetAsync("/stream?ms=1500&chunks=15");
        await streams.ReadUntilAsync(text => text.Contains("chunk 1 of", StringComparison.Ordinal));
        await Eventually.TrueAsync(async () => (await service.StatusAsync()).RunningRequests == 2);
        service.Signal(ProcessTable.SigTerm);
        await service.Log.WaitForAsync(0, EventIds.DrainBegan);
        await streams.ReadUntilAsync(text => text.EndsWith("0\r\n\r\n", StringComparison.Ordinal));
        await waits.SendAsync("b");
        Assert.Contains("Connection: close", await waits.ReadUntilAsync(text => text.Contains("\r\n\r\n", StringComparison.Ordinal)),
            StringComparison.Ordinal);
        Assert.Equal(["FIN", "FIN"], await Task.WhenAll(streams.EndAsync(), waits.EndAsync()));
        Assert.Equal(0, await service.First.WaitForExitAsync(Limits.Step));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Term_IdleHttp2OrTls_IsClosedAtOnce(bool tls)
    {
        var pfx = Path.Combine(Folder, "site.pfx");
        await File.WriteAllBytesAsync(pfx, TestCertificate.MakePfx(out _));
        var (port, tlsPort) = (FreePort.Next(), FreePort.Next());
        var service = await StartAsync(new ServiceSettings(ServiceKind.SampleApp)
        {
            DrainTimeout = TimeSpan.FromMinutes(10),
            Urls = [],
            Port = port,
            More =
            [
                $"--Kestrel:Endpoints:Plain:Url=http://127.0.0.1:{port}",
                "--Kestrel:Endpoints:Plain:Protocols=Http2",
                $"--Kestrel:Endpoints:Secure:Url=https://127.0.0.1:{tlsPort}",
                $"--Kestrel:Endpoints:Secure:Certificate:Path={pfx}",
                $"--Kestrel:Endpoints:Secure:Certificate:Password={TestCertificate.Password}",
            ],
        });
        await using var client = await H2Connection.OpenAsync(
            tls ? LoadTarget.LoopbackTls(tlsPort) : LoadTarget.Loopback(port), Limits.Step, TimeSpan.Zero);
        await client.GetAsync("/ping");
        service.Signal(ProcessTable.SigTerm);
        await client.Ended.WaitAsync(Limits.Step);
        Assert.False(client.WasReset);
        Assert.NotEmpty(client.GoAways);
        Assert.Equal(0, await service.First.WaitForExitAsync(Limits.Step));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Term_IdleWebSocket_GetsItsCloseAtOnceAndHasTheGraceToAnswer(bool answers)
    {
        var service = await StartAsync(new ServiceSettings(ServiceKind.SampleApp)
        {
            DrainTimeout = TimeSpan.FromMinutes(10),
            More = ["--Ips:Drain:WebSocketSpread=00:05:00", "--Ips:Drain:IdleGrace=00:00:01"],
        });
        using var client = new ClientWebSocket();
        await client.ConnectAsync(new Uri($"ws://127.0.0.1:{service.Port}/ws"), CancellationToken.None).WaitAsync(Limits.Step);
        await client.SendAsync("hello"u8.ToArray(), WebSocketMessageType.Text, true, CancellationToken.None);
        Assert.Equal(5, (await ReceiveAsync()).Count);
        service.Signal(ProcessTable.SigTerm);
        Assert.Equal(WebSocketMessageType.Close, (await ReceiveAsync()).MessageType);
        Assert.Equal(WebSocketCloseStatus.EndpointUnavailable, client.CloseStatus);
        if (answers) await client.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
        Assert.Equal(0, await service.First.WaitForExitAsync(Limits.Step));

        Task<WebSocketReceiveResult> ReceiveAsync() =>
            client.ReceiveAsync(new ArraySegment<byte>(new byte[100]), CancellationToken.None).WaitAsync(Limits.Step);
    }

    [Theory]
    [InlineData(ProcessTable.SigTerm)]
    [InlineData(ProcessTable.SigInt)]
    public async Task Stop_OneIdleConnection_IsAsQuickAsWithoutIps(int signal)
    {
        var (stock, own) = (await MeasureStopAsync("stock", signal), await MeasureStopAsync("ips", signal));
        Output.WriteLine($"stock {stock.TotalMilliseconds:0} ms, with Ips {own.TotalMilliseconds:0} ms");
        Assert.InRange(own, TimeSpan.Zero, stock + TimeSpan.FromMilliseconds(500));
    }

    private async Task<TimeSpan> MeasureStopAsync(string kind, int signal)
    {
        var port = FreePort.Next();
        var processes = new MarkedProcesses();
        await using var app = DaemonProcess.Start(Path.Combine(Binaries.SampleAppFolder, Binaries.SampleApp),
            [$"--bare={kind}", "--urls", $"http://127.0.0.1:{port}", $"--Ips:PidFile={Path.Combine(Folder, "bare.pid")}"],
            processes.Environment);
        await app.WaitForLineAsync(line => line.Contains("Now listening on", StringComparison.Ordinal), Limits.Step);
        using var idle = await RawClient.ConnectAsync(port);
        await idle.GetAsync("/ping");
        if (ProcFs.Ignores(app.Pid, signal)) signal = ProcessTable.SigTerm; // SIGINT is, in a background job of a script
        var clock = Stopwatch.StartNew();
        Assert.True(app.Signal(signal));
        Assert.Equal("FIN", await idle.EndAsync());
        Assert.Equal(0, await app.WaitForExitAsync(Limits.Step));
        return clock.Elapsed;
    }

    [Fact]
    public async Task Term_IdleConnectionAsksAgain_IsAnsweredAndToldOfTheClose()
    {
        var service = await StartAsync(new ServiceSettings(ServiceKind.Daemon)
        {
            DrainTimeout = TimeSpan.FromMinutes(10),
            More = ["ips.drain.idle-stop = 10m"]
        });
        using var client = await RawClient.ConnectAsync(service.Port);
        await client.GetAsync("/ping");
        service.Signal(ProcessTable.SigTerm);
        await service.Log.WaitForAsync(0, EventIds.DrainBegan);

        // The log says that the drain begins a moment before responses do.
        using var deadline = new CancellationTokenSource(Limits.Step);
        string answer;
        do
        {
            answer = await client.GetAsync("/ping");
            Assert.StartsWith("HTTP/1.1 200 ", answer, StringComparison.Ordinal);
            Assert.False(deadline.IsCancellationRequested, "No response told of the close.");
        }
        while (!answer.Contains("Connection: close\r\n", StringComparison.Ordinal));

        Assert.Equal("FIN", await client.EndAsync());
        Assert.Equal(0, await service.First.WaitForExitAsync(Limits.Step));
    }

    [Fact]
    public async Task Term_LameDuck_FailsReadinessAndServesOn()
    {
        var service = await StartAsync(new ServiceSettings(ServiceKind.Daemon)
        {
            LameDuck = TimeSpan.FromMinutes(5),
            DrainTimeout = TimeSpan.FromMinutes(10)
        });
        Assert.Equal(200, (await HttpProbe.GetAsync($"http://127.0.0.1:{service.Port}/readyz")).Status);
        service.Signal(ProcessTable.SigTerm);
        await service.Log.WaitForAsync(0, EventIds.Stopping);

        await Eventually.TrueAsync(async () => (await HttpProbe.GetAsync($"http://127.0.0.1:{service.Port}/readyz")).Status == 503,
            "failing readiness");
        Assert.Equal(200, (await HttpProbe.GetAsync($"http://127.0.0.1:{service.Port}/healthz")).Status);
        Assert.Equal(200, (await HttpProbe.GetAsync($"http://127.0.0.1:{service.Port}/ping")).Status);
        service.Signal(ProcessTable.SigTerm); // and the second stop ends it at once
        Assert.Equal(0, await service.First.WaitForExitAsync(Limits.Step));
    }

    private static async Task<RawClient> StartLongRequestAsync(Service service)
    {
        var client = await RawClient.ConnectAsync(service.Port);
        await client.SendGetAsync(LongRequest);
        await client.ReadUntilAsync(text => text.Contains("chunk 1 of", StringComparison.Ordinal));
        return client;
    }

    private static Task WaitForConnectionsAsync(Service service, int count) =>
        Eventually.TrueAsync(async () => (await service.StatusAsync()).OpenConnections == count, $"{count} connections");
}
