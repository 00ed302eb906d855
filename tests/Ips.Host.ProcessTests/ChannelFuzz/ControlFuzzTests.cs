using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Fuzz.Channels;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests.ChannelFuzz;

/// <summary>Either side of the control socket.</summary>
public class ControlFuzzTests(ITestOutputHelper output) : ChannelFuzzTest(output)
{
    private const int ClientsAtOnce = 8;

    [Fact]
    public async Task ControlClient_SendsAnything_CostsNoRequest()
    {
        var service = await StartAsync(new ServiceSettings(ServiceKind.SampleApp));
        await using var scene = await ChannelScene.BeginAsync(service, FaultScene.LightLoad(service.Target), Output, tellsMemory: true);
        var number = 0;
        await RunAsync(scene, 30);
        await scene.BeginToCountAsync();
        await RunAsync(scene, 900 * Times);
        Assert.Equal("Serving", (await service.StatusAsync()).State);
        await scene.AssertNothingLeftAsync(DescriptorsMax);

        async Task RunAsync(ChannelScene scene, int packets)
        {
            for (var until = scene.Sent + packets; scene.Sent < until;)
            {
                var sessions = Enumerable.Range(number, ClientsAtOnce).Select(one => Session(scene, FuzzChannel.ControlClient, one))
                    .ToList();
                number += ClientsAtOnce;
                var sent = await Task.WhenAll(sessions.Select(session => Task.Run(() => Play(session))));
                foreach (var (session, count) in sessions.Zip(sent)) scene.Note(session, count);
                scene.AssertUnharmed();
                Assert.NotNull(await service.StatusAsync()); // a well-behaved client gets its answer among them
                await scene.LookAsync();
            }
        }

        int Play(PeerSession session)
        {
            var sent = 0;
            HostilePeer.Play(session, () => PacketSocket.Connect($"{service.PidFile}.sock", packets: false), _ => sent++);
            return sent;
        }
    }

    // An exception of any other kind than the verbs' own would end in a stack trace and SIGABRT.
    [Fact]
    public async Task ControlServer_AnswersAnything_EachVerbEndsWithAReason()
    {
        using var daemon = new HostileDaemon(Folder);
        var (sent, answered) = (0, 0);
        for (var number = 0; sent < 600 * Times; number++)
        {
            var session = PeerSession.Make(FuzzChannel.ControlServer, Seed, number, new FuzzFacts("127.0.0.1:80", 0));
            foreach (var packet in session.Packets)
            {
                var served = daemon.AnswerAsync(sent % 5 == 0 ? session.Packets
                    : [packet, packet with { Bytes = "{\"kind\":\"error\",\"final\":true}\n"u8.ToArray() }], resets: sent % 17 == 0);
                try
                {
                    if (await daemon.AskAsync(HostileDaemon.VerbFor(packet, sent)).WaitAsync(Limits.Step) is null) answered++;
                }
                catch (Exception e) when (e is not TimeoutException)
                {
                    Assert.Fail($"{session}{Environment.NewLine}    "
                        + $"{packet}{Environment.NewLine}{(sent % 5 == 0 ? session.Describe() : "")}{Environment.NewLine}{e}");
                }

                await served.WaitAsync(Limits.Step);
                sent++;
            }
        }

        Output.WriteLine($"{sent} answers, {answered} of which were of use");
        Assert.InRange(answered, 1, sent - 1);
    }

    [Fact]
    public async Task ControlServer_AnswersAnything_TheCommandEndsByItself()
    {
        using var daemon = new HostileDaemon(Folder);
        string[][] verbs = [["status"], ["history"], ["reload", "--timeout", "3s"], ["status", "--json"], ["resume"],
            ["stop", "--timeout", "1s"]];
        for (var number = 0; number < verbs.Length * Times; number++)
        {
            var session = PeerSession.Make(FuzzChannel.ControlServer, Seed, 1_000_000 + number, new FuzzFacts("127.0.0.1:80", 0));
            var served = daemon.AnswerAsync(session.Packets, resets: false);
            var result = await IpsCommand
                .RunAsync([verbs[number % verbs.Length][0], "--pid-file", daemon.PidFile, .. verbs[number % verbs.Length][1..]]);
            Assert.True(result.ExitCode is >= 0 and < 128, $"{session.Describe()}{Environment.NewLine}{result}");
            Assert.DoesNotContain(result.Errors, line => line.StartsWith("   at ", StringComparison.Ordinal));
            await served.WaitAsync(Limits.Step);
        }
    }
}
