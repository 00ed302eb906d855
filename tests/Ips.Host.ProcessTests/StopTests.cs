using System.Diagnostics;
using Ips.Actors.Diagnostics;
using Ips.Host.ProcessTests.Harness;
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

    [Fact]
    public async Task Term_IdleConnections_AreNotClosedBeforeDeadline()
    {
        var settings = new ServiceSettings(ServiceKind.Daemon) { DrainTimeout = TimeSpan.FromSeconds(3) };
        var service = await StartAsync(settings);
        using var asked = await RawClient.ConnectAsync(service.Port);
        await asked.GetAsync("/ping");
        using var silent = await RawClient.ConnectAsync(service.Port);
        await WaitForConnectionsAsync(service, 2);

        var clock = Stopwatch.StartNew();
        service.Signal(ProcessTable.SigTerm);
        var ends = await Task.WhenAll(asked.EndAsync(), silent.EndAsync());
        Assert.True(clock.Elapsed >= settings.DrainTimeout, $"A connection was closed after {clock.Elapsed}.");
        Assert.All(ends, end => Assert.Equal("FIN", end));
        Assert.Equal(0, await service.First.WaitForExitAsync(Limits.Step));
    }

    [Fact]
    public async Task Term_IdleConnectionAsksAgain_IsAnsweredAndToldOfTheClose()
    {
        var service = await StartAsync(new ServiceSettings(ServiceKind.Daemon)
        {
            DrainTimeout = TimeSpan.FromMinutes(10),
            More = ["ips.drain.idle-grace = 1s"]
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
