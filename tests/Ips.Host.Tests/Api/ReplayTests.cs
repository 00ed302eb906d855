using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Ips.Host.Tests.Inventory;
using Xunit.Abstractions;

namespace Ips.Host.Tests.Api;

/// <summary>A request with a nonce is accepted once, whatever clocks, windows and generations do.</summary>
[Collection(PostgresCollection.Name)]
[Trait("issue", "11")]
public sealed class ReplayTests(PostgresServer postgres, ITestOutputHelper output)
{
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(10), Wide = TimeSpan.FromMinutes(5), Limit = TimeSpan.FromSeconds(20);

    [Theory, OnSqlite, OnPostgres]
    public async Task SlowBody_ThatEndsAfterItsNonceWasForgotten_IsRefused(StoreKind kind)
    {
        await using var world = await ReplayWorld.CreateAsync(kind, postgres);
        var server = await world.StartAsync(Window);
        var expires = world.Clock.Seconds.ToString(CultureInfo.InvariantCulture);
        var write = new SignedRequest
        {
            Method = "PUT", Path = "/v1/object/host/H1", Body = """{"ip":"10.0.0.1"}"""u8.ToArray(), AccessKey = ApiServer.ReadWriteKey,
            Scheme = "v2", Expires = expires,
        };
        write.Sign();
        Assert.True(await ReplayWorld.IsTakenAsync(server, write));

        // An attacker who recorded it sends it again, and holds the body back. "100 Continue" says that the server now waits for the body.
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(server.Address.Host, server.Address.Port);
        await using var stream = new NetworkStream(socket);
        await stream.WriteAsync(Encoding.ASCII.GetBytes(
            $"PUT {write.Path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAuthorization: "
                + $"{write.Authorization}\r\nContent-Length: {write.Body.Length}\r\nExpect: 100-continue\r\n\r\n"));
        Assert.Contains("100 Continue", await ReadAsync(stream, text => text.Contains("\r\n\r\n", StringComparison.Ordinal)),
            StringComparison.Ordinal);
        await stream.WriteAsync(write.Body.AsMemory(0, 5));

        await world.StepAsync(20);
        // and the nonce of the write is forgotten
        Assert.True(await ReplayWorld.IsTakenAsync(server, ReplayWorld.Get(world.Clock.Seconds)));
        await stream.WriteAsync(write.Body.AsMemory(5));
        var answer = await ReadAsync(stream, text => text.Contains("\"code\"", StringComparison.Ordinal));
        Assert.StartsWith("HTTP/1.1 401 ", answer, StringComparison.Ordinal);
        Assert.Contains("\"code\":4007", answer, StringComparison.Ordinal);
    }

    [Theory, OnSqlite, OnPostgres]
    public async Task Replay_ToAGenerationWithAWiderWindow_IsRefused(StoreKind kind)
    {
        await using var world = await ReplayWorld.CreateAsync(kind, postgres);
        var (narrow, wide) = (await world.StartAsync(Window), await world.StartAsync(Wide));
        var request = ReplayWorld.Get(world.Clock.Seconds);
        Assert.True(await ReplayWorld.IsTakenAsync(narrow, request));
        await world.StepAsync(15);
        Assert.True(await ReplayWorld.IsTakenAsync(narrow, ReplayWorld.Get(world.Clock.Seconds)));
        Assert.False(await ReplayWorld.IsTakenAsync(wide, request));
        Assert.True(await ReplayWorld.IsTakenAsync(wide, ReplayWorld.Get(world.Clock.Seconds)));
    }

    [Theory, OnSqlite, OnPostgres]
    public async Task Replay_AfterTheClockWentForwardAndBack_IsRefused(StoreKind kind)
    {
        await using var world = await ReplayWorld.CreateAsync(kind, postgres);
        var server = await world.StartAsync(Window);
        var request = ReplayWorld.Get(world.Clock.Seconds);
        Assert.True(await ReplayWorld.IsTakenAsync(server, request));
        await world.StepAsync(3600);
        Assert.True(await ReplayWorld.IsTakenAsync(server, ReplayWorld.Get(world.Clock.Seconds)));
        await world.StepAsync(-3600);
        Assert.False(await ReplayWorld.IsTakenAsync(server, request));
        // An hour that was wrong does not lock out for an hour those whose clocks are right.
        await world.StepAsync(1);
        Assert.True(await ReplayWorld.IsTakenAsync(server, ReplayWorld.Get(world.Clock.Seconds)));
    }

    [Theory, OnPostgres]
    public async Task Replay_ToADaemonWhoseClockIsBehind_IsRefused(StoreKind kind)
    {
        await using var world = await ReplayWorld.CreateAsync(kind, postgres);
        var ahead = new StepClock(world.Clock.GetUtcNow().AddSeconds(15));
        var (right, other) = (await world.StartAsync(Window), await world.StartAsync(Window, ahead));
        var request = ReplayWorld.Get(world.Clock.Seconds);
        Assert.True(await ReplayWorld.IsTakenAsync(right, request));
        Assert.True(await ReplayWorld.IsTakenAsync(other, ReplayWorld.Get(ahead.Seconds)));
        Assert.False(await ReplayWorld.IsTakenAsync(right, request));
    }

    [Theory, OnSqlite, OnPostgres]
    public async Task Replays_InAnySchedule_AreNeverAccepted(StoreKind kind)
    {
        for (var seed = 1; seed <= 6; seed++) await RunScheduleAsync(kind, seed);
    }

    private async Task RunScheduleAsync(StoreKind kind, int seed)
    {
        const int steps = 600;
        var random = new Random(seed);
        await using var world = await ReplayWorld.CreateAsync(kind, postgres);
        // Two generations of one daemon, and, with PostgreSQL, a daemon on another machine.
        var elsewhere = kind == StoreKind.Postgres ? new StepClock(world.Clock.GetUtcNow().AddSeconds(random.Next(-20, 20))) : world.Clock;
        (ApiServer Server, StepClock Clock, TimeSpan Window)[] daemons =
        [
            (await world.StartAsync(Window), world.Clock, Window),
            (await world.StartAsync(Wide), world.Clock, Wide),
            (await world.StartAsync(TimeSpan.FromSeconds(60), elsewhere), elsewhere, TimeSpan.FromSeconds(60)),
        ];
        List<SignedRequest> accepted = [];
        var (fresh, replays) = (0, 0);
        for (var step = 0; step < steps; step++)
        {
            var daemon = daemons[random.Next(daemons.Length)];
            switch (random.Next(10))
            {
                case 0: await world.StepAsync(random.Next(-40, 60)); break;
                case 1: await world.StepAsync(random.Next(0, 400)); break;
                case 2: elsewhere.Step(TimeSpan.FromSeconds(random.Next(-60, 80))); break;
                case < 6:
                    fresh++;
                    var request = ReplayWorld.Get(daemon.Clock.Seconds - random.Next((int)daemon.Window.TotalSeconds));
                    if (await ReplayWorld.IsTakenAsync(daemon.Server, request)) accepted.Add(request);
                    break;
                default:
                    if (accepted.Count == 0) break;
                    replays++;
                    // Mostly a young one: an old one is refused by its age alone.
                    var replayed = accepted[^(1 + random.Next(Math.Min(accepted.Count, random.Next(2) == 0 ? 8 : 60)))];
                    Assert.False(await ReplayWorld.IsTakenAsync(daemon.Server, replayed),
                        $"Seed {seed}, step {step}: a request with expires={replayed.Expires} was accepted twice.");
                    break;
            }
        }
        output.WriteLine($"Seed {seed}: {fresh} requests, of which {accepted.Count} were accepted; {replays} replays.");
        Assert.True(accepted.Count > 20 && replays > 100, "The schedule showed nothing.");
    }

    private static async Task<string> ReadAsync(NetworkStream stream, Func<string, bool> isEnough)
    {
        var text = new StringBuilder();
        var buffer = new byte[4096];
        while (!isEnough(text.ToString()))
        {
            var read = await stream.ReadAsync(buffer).AsTask().WaitAsync(Limit);
            Assert.True(read > 0, $"The connection ended after '{text}'.");
            text.Append(Encoding.UTF8.GetString(buffer, 0, read));
        }
        return text.ToString();
    }
}
