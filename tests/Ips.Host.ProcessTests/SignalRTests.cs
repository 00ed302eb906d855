using System.Collections.Concurrent;
using System.Diagnostics;
using Ips.Actors.Diagnostics;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Processes;
using Microsoft.AspNetCore.Http.Connections;
using Microsoft.AspNetCore.SignalR.Client;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests;

/// <summary>SignalR's own client, on each transport.</summary>
public sealed class SignalRTests(ITestOutputHelper output) : ProcessTest(output)
{
    private const int Clients = 20, Held = 5;

    [Theory]
    [InlineData(HttpTransportType.WebSockets)]
    [InlineData(HttpTransportType.ServerSentEvents)]
    [InlineData(HttpTransportType.LongPolling)]
    public async Task Reload_SignalRClients_ComeBackWithoutAnErrorAndLoseNoInvocation(HttpTransportType transport)
    {
        var service = await StartHubAsync();
        var release = Path.Combine(Folder, "release");
        await using var crowd = await Crowd.ConnectAsync(service, transport, Clients);
        var held = crowd.Connections.Take(Held).Select(hub => hub.InvokeAsync<int>("Hold", release)).ToList();
        await service.ReloadAsync();

        // Who runs nothing goes at its moment; an invocation is finished first.
        await Eventually.TrueAsync(() => crowd.Reconnected >= Clients - Held, "the idle clients");
        Assert.DoesNotContain(held, invocation => invocation.IsCompleted);
        await File.WriteAllTextAsync(release, "");
        Assert.All(await Task.WhenAll(held).WaitAsync(Limits.Step), generation => Assert.Equal(1, generation));
        await Eventually.TrueAsync(() => crowd.Reconnected >= Clients, "the other clients");

        // Long polling has no connection of its own: who has the result of an invocation polls again, and meets the new generation.
        var faults = crowd.Faults.ToList();
        if (transport is HttpTransportType.LongPolling) Assert.InRange(faults.RemoveAll(IsNotFound), 0, Held);
        Assert.Equal([], faults);
        foreach (var hub in crowd.Connections) Assert.Equal(2, await hub.InvokeAsync<int>("Generation").WaitAsync(Limits.Step));
        Output.WriteLine($"{transport}: back after {crowd.Times}");
        Assert.Equal(0, await service.First.WaitForExitAsync(Limits.Step));
        Assert.DoesNotContain(service.Log.Of(EventIds.Aborted), e => e["Requests"] != "0");
    }

    // It connects anew after that, and meets the successor, which knows nothing of what was negotiated here.
    [Fact]
    public async Task Negotiate_OnAConnectionOfThePredecessor_IsSentOnToTheSuccessor()
    {
        var service = await StartHubAsync(new ServiceSettings(ServiceKind.SampleApp) { Probation = TimeSpan.FromMinutes(10) });
        using var client = await RawClient.ConnectAsync(service.Port);
        await client.GetAsync("/ping");
        service.Signal(ProcessTable.SigUsr2);
        await service.Log.WaitForAsync(0, EventIds.AcceptingQuiesced);
        await client.SendAsync("POST /hub/negotiate?negotiateVersion=1 HTTP/1.1\r\nHost: local\r\nContent-Length: 0\r\n\r\n");
        var answer = await client.ReadUntilAsync(text => text.Contains("\r\n\r\n", StringComparison.Ordinal));
        Assert.StartsWith("HTTP/1.1 307 ", answer, StringComparison.Ordinal);
        Assert.Contains("Location: negotiate?negotiateVersion=1\r\n", answer, StringComparison.Ordinal);
        Assert.Contains("Connection: close\r\n", answer, StringComparison.Ordinal);

        using var pool = new HttpClient();
        Assert.Contains("connectionToken", await (await pool.PostAsync(
            new Uri($"http://127.0.0.1:{service.Port}/hub/negotiate?negotiateVersion=1"), null)).Content.ReadAsStringAsync(),
            StringComparison.Ordinal);
    }

    private static bool IsNotFound(string fault) => fault.Contains("404", StringComparison.Ordinal);

    // With a negotiation, a client that has negotiated and not yet connected when the generations change hands gets a 404: docs/app.md.
    [Fact]
    public async Task Reload_ClientsThatSkipTheNegotiation_AlwaysConnect()
    {
        const int workers = 8;
        var service = await StartHubAsync();
        using var over = new CancellationTokenSource();
        var (connected, faults) = (0, new ConcurrentQueue<string>());
        var connecting = Enumerable.Range(0, workers).Select(_ => Task.Run(ConnectAgainAndAgainAsync)).ToList();
        for (var reload = 1; reload <= 3; reload++)
        {
            var before = Volatile.Read(ref connected);
            await service.ReloadAsync();
            await Eventually.TrueAsync(() => Volatile.Read(ref connected) >= before + workers);
        }

        await over.CancelAsync();
        await Task.WhenAll(connecting).WaitAsync(Limits.Step);
        Assert.Equal([], faults);

        async Task ConnectAgainAndAgainAsync()
        {
            while (!over.IsCancellationRequested)
            {
                await using var hub = new HubConnectionBuilder()
                    .WithUrl($"http://127.0.0.1:{service.Port}/hub", options =>
                        (options.Transports, options.SkipNegotiation) = (HttpTransportType.WebSockets, true))
                    .Build();
                try
                {
                    await hub.StartAsync(CancellationToken.None).WaitAsync(Limits.Step);
                    Interlocked.Increment(ref connected);
                }
                catch (Exception e)
                {
                    faults.Enqueue(e.Message);
                }
            }
        }
    }

    private async Task<Service> StartHubAsync(ServiceSettings? settings = null)
    {
        var service = Prepare((settings ?? new ServiceSettings(ServiceKind.SampleApp)) with
        {
            DrainTimeout = TimeSpan.FromMinutes(2),
            More = ["--Sample:SignalR=true", "--Ips:Drain:WebSocketSpread=00:00:00.500"],
        });
        await service.StartAsync();
        return service;
    }

    /// <summary>Clients that reconnect by themselves.</summary>
    private sealed class Crowd : IAsyncDisposable
    {
        private readonly ConcurrentQueue<double> _times = new();

        public ConcurrentQueue<string> Faults { get; } = new();

        public List<HubConnection> Connections { get; } = [];

        public int Reconnected => _times.Count;

        public string Times => string.Join(", ", _times.Order().Select(time => $"{time:0} ms"));

        public static async Task<Crowd> ConnectAsync(Service service, HttpTransportType transport, int count)
        {
            var crowd = new Crowd();
            for (var i = 0; i < count; i++)
            {
                var hub = new HubConnectionBuilder()
                    .WithUrl($"http://127.0.0.1:{service.Port}/hub", options => options.Transports = transport)
                    .WithAutomaticReconnect()
                    .Build();
                crowd.Watch(hub);
                await hub.StartAsync().WaitAsync(Limits.Step);
            }

            return crowd;
        }

        public async ValueTask DisposeAsync()
        {
            foreach (var hub in Connections) await hub.DisposeAsync();
        }

        private void Watch(HubConnection hub)
        {
            var since = 0L;
            Connections.Add(hub);
            hub.Reconnecting += error =>
            {
                since = Stopwatch.GetTimestamp();
                if (error is not null) Faults.Enqueue($"reconnecting: {error.Message}");
                return Task.CompletedTask;
            };
            hub.Reconnected += _ =>
            {
                _times.Enqueue(Stopwatch.GetElapsedTime(since).TotalMilliseconds);
                return Task.CompletedTask;
            };
            hub.Closed += error =>
            {
                if (error is not null) Faults.Enqueue($"closed: {error.Message}");
                return Task.CompletedTask;
            };
        }
    }
}
