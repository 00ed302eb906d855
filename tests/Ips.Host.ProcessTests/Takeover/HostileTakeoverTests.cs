using System.Globalization;
using Ips.Actors.Diagnostics;
using Ips.Actors.Posix;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Load;
using Ips.Testing.Processes;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests.Takeover;

/// <summary>A process that may take over and means harm: it gets no more than the protocol gives, and costs the service nothing.</summary>
[Trait("issue", "11")]
[Collection(Waits.Name)]
public sealed class HostileTakeoverTests(ITestOutputHelper output) : TakeoverTest(output)
{
    private const int Descriptors = 20;

    private static IReadOnlyList<string> OutOfTime { get; } =
    [
        """{"type":"connections","connections":[{"endpoint":"127.0.0.1:0","ordinal":0}]}""",
        """{"type":"promoted"}""",
        """{"type":"health","ok":true,"requests":0,"errors":0}""",
        """{"type":"leaving"}""",
        """{"type":"adopted","count":1}""",
        """{"type":"declined","packet":1}""",
        """{"type":"ready","endpoints":[null]}""",
        """{"type":"ready","endpoints":[{"endpoint":"127.0.0.1:0","ordinal":-1}]}""",
        """{"type":"welcome","version":1,"generation":2,"endpoints":[],"lock":false,"control":false,"healthIntervalMs":1}""",
    ];

    [Fact]
    public async Task Takeover_BeforeThePromotion_GivesNeitherTheLockNorTheControlSocket()
    {
        var service = await OfferAsync();
        await using (var peer = await AskAsync(service, version: 2))
        {
            var welcome = await peer.ReceiveAsync("welcome");
            Assert.False(welcome.GetProperty("lock").GetBoolean());
            Assert.False(welcome.GetProperty("control").GetBoolean());
            Assert.Equal(welcome.GetProperty("endpoints").GetArrayLength(), peer.Held.Count);
            await peer.SendAsync("""{"type":"ready"}""");
            await peer.ReceiveAsync("serve");
            await peer.SendAsync("""{"type":"failed","reason":"no"}""");
            await service.Log.WaitForAsync(0, EventIds.ReloadFailed);
            Assert.Equal(welcome.GetProperty("endpoints").GetArrayLength(), peer.Held.Count);
        }

        await AssertWholeAsync(service);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Takeover_ThatFailed_KeepsNoLockAndNoControlSocket(int version)
    {
        var service = await OfferAsync();
        await using var peer = await AskAsync(service, version);
        await peer.ReceiveAsync("welcome");
        await peer.EndProcessAsync();
        peer.Shutdown();
        await service.Log.WaitForAsync(0, EventIds.ReloadFailed);
        await Eventually.TrueAsync(async () => (await service.StatusAsync()).State == "Serving");

        // Who asks the service is answered by it alone: the peer accepts from every listening socket that it has.
        await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => service.StatusAsync()));
        Assert.All(peer.Held.Where(IsUnixListener), fd => Assert
            .True(ListeningSockets.Accept(fd, out var _) < 0, "The peer accepted a client of the control socket."));

        await service.StopAsync();
        CloseAddresses(peer);
        await service.StartAsync(); // under the same PID file, while the peer lives on with lock and control socket
        await AssertWholeAsync(service);
    }

    [Fact]
    public async Task Stop_WhileAPeerHoldsWhatThePromotionGaveIt_FreesTheLock()
    {
        var service = await OfferAsync(probation: TimeSpan.FromMilliseconds(100));
        await using var peer = await AskAsync(service, version: 2);
        await peer.ReceiveAsync("welcome");
        await peer.SendAsync("""{"type":"ready"}""");
        await peer.ReceiveAsync("serve");
        await peer.SendAsync("""{"type":"health","ok":true,"requests":0,"errors":0}""");
        var before = peer.Held.Count;
        await peer.ReceiveAsync("promote");
        Assert.True(peer.Held.Count > before, "The promotion came without the lock.");

        // It never says that it has been promoted, so the role is taken back from it.
        await peer.EndProcessAsync();
        peer.Shutdown();
        await service.Log.WaitForAsync(0, EventIds.ReloadFailed);
        await Eventually.TrueAsync(async () => (await service.StatusAsync()).State == "Serving");
        await service.StopAsync();
        CloseAddresses(peer);
        await service.StartAsync();
        await AssertWholeAsync(service);
    }

    [Fact]
    public async Task Takeover_FrameOutOfItsTime_EndsThatTakeoverOnly()
    {
        var service = await OfferAsync();
        var before = await Harness.Descriptors.SettledAsync(service, open: 0);
        foreach (var frame in OutOfTime)
        {
            var mark = service.Log.Mark;
            await using (var peer = await AskAsync(service, version: 1))
            {
                await peer.ReceiveAsync("welcome");
                int[] fds = frame.Contains("connections", StringComparison.Ordinal) ? [0] : [];
                for (var i = 0; i < 20; i++) await peer.SendAsync(frame, fds);
                await peer.ReceiveToEndAsync();
            }

            var failed = await service.Log.WaitForAsync(mark, EventIds.ReloadFailed);
            Assert.False(failed["Reason"].Contains("ready-timeout", StringComparison.Ordinal), $"{frame}: {failed["Reason"]}");
            await AssertServesAsync(service, before);
        }

        await AssertWholeAsync(service, before);
    }

    [Fact]
    public async Task Takeover_ByAPeerThatNeverReads_EndsThatTakeoverOnly()
    {
        var service = await OfferAsync();
        var before = await Harness.Descriptors.SettledAsync(service, open: 0);
        await using (var peer = await AskAsync(service, version: 1))
        {
            await peer.ReceiveAsync("welcome");
            await peer.SendAsync("""{"type":"ready"}""");
            await peer.ReceiveAsync("serve");
            await peer.SendAsync("""{"type":"failed","reason":"now it gives back what it has"}""");

            // Each of them is answered, and no answer is read.
            const string tooFew = """{"type":"connections","connections":[{"endpoint":"127.0.0.1:0","ordinal":0}]}""";
            for (var i = 0; i < 20_000 && await peer.SendAsync(tooFew); i++)
            {
            }

            await service.Log.WaitForAsync(0, EventIds.ReloadFailed);
        }

        await AssertWholeAsync(service, before);
    }

    [Fact]
    public async Task Takeover_PacketsThatCarryDescriptors_LeakNone()
    {
        var service = await OfferAsync();
        var before = await Harness.Descriptors.SettledAsync(service, open: 0);
        using var file = File.OpenHandle("/dev/null");
        var many = Enumerable.Repeat((int)file.DangerousGetHandle(), Descriptors).ToArray();
        for (var i = 0; i < 10; i++)
        {
            await using (var empty = await RawPeer.ConnectAsync(SocketOf(service), Folder))
            {
                await empty.SendAsync([], many);
                await empty.ReceiveToEndAsync();
            }

            await using (var flood = await AskAsync(service, version: 1))
            {
                for (var j = 0; j < 100; j++) flood.TrySend("""{"type":"hello","min":1,"max":1,"pid":1,"release":"again"}""", many);
            }

            await Eventually.TrueAsync(async () => (await service.StatusAsync()).State == "Serving");
        }

        await AssertWholeAsync(service, before);
    }

    private async Task<Service> OfferAsync(TimeSpan? probation = null)
    {
        var service = PrepareOffering(new ServiceSettings(ServiceKind.SampleApp)
        {
            Probation = probation ?? TimeSpan.FromSeconds(1), HealthInterval = TimeSpan.FromSeconds(1),
            KillTimeout = ServiceSettings.ShortestKillTimeout, Debug = true,
        });
        await StartOfferingAsync(service);
        return service;
    }

    private async Task<RawPeer> AskAsync(Service service, int version)
    {
        var peer = await RawPeer.ConnectAsync(SocketOf(service), Folder);
        await peer.HelloAsync(version);
        return peer;
    }

    // As the same process as before it serves, answers its control socket, and can be replaced.
    private static async Task AssertWholeAsync(Service service, IReadOnlyList<string>? descriptors = null)
    {
        await AssertServesAsync(service, descriptors);
        await service.ReloadAsync();
    }

    private static async Task AssertServesAsync(Service service, IReadOnlyList<string>? descriptors)
    {
        await Eventually.TrueAsync(async () => (await service.StatusAsync()).State == "Serving");
        Assert.Equal(service.First.Pid, service.MainPid);
        Assert.Equal(1, await service.AnsweringGenerationAsync());
        Assert.Empty(service.Log.Of(EventIds.ActorLost));
        Assert.Empty(service.Log.Of(EventIds.ActorRestarted));
        if (descriptors is not null) await Harness.Descriptors.WaitForNoMoreThanAsync(service.MainPid, descriptors);
    }

    // A listening socket cannot be taken back: who has a copy keeps the address. docs/takeover.md says so.
    private static void CloseAddresses(RawPeer peer) => peer.CloseHeld(fd => ListeningSockets.IsListening(fd) && !IsUnixListener(fd));

    private static bool IsUnixListener(int fd)
    {
        if (!ListeningSockets.IsListening(fd)) return false;
        using var socket = new System.Net.Sockets.Socket(new System.Net.Sockets
            .SafeSocketHandle(FileDescriptors.Duplicate(fd), ownsHandle: true));
        return socket.AddressFamily == System.Net.Sockets.AddressFamily.Unix;
    }
}
