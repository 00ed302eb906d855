using System.Buffers.Binary;
using System.Diagnostics;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Ips.Fleet.Security;
using Xunit.Abstractions;

namespace Ips.Fleet.Tests.Cluster;

/// <summary>What does not speak Akka's protocol: it costs little memory and few lines, and agents still talk.</summary>
[Collection(nameof(Network))]
public sealed class RubbishTests(ITestOutputHelper output)
{
    private const int MostLines = 60;
    private const long MostMemory = 96 * 1024 * 1024;

    [Fact]
    public async Task Rubbish_FromStrangersAndAMember_IsBounded()
    {
        using var site = new FleetSite();
        var address = FleetSite.Address(41);
        var node = site.Start("n1", address);
        var friend = site.Start("n2", FleetSite.Address(42));
        var agent = FleetSite.AgentOf(friend.Fleet.System, address);
        await FleetSite.AskAsync(agent, "before");
        var before = Memory();

        var random = new Random(5);
        for (var stranger = 0; stranger < 100; stranger++)
        {
            var bytes = new byte[2000];
            random.NextBytes(bytes);
            await using var plain = await DialAsync(address, null);
            await UntilClosedAsync(plain, bytes);
        }

        using var member = site.Certificate(FleetSite.Address(43));
        for (var round = 0; round < 30; round++)
        {
            await using var tls = await DialAsync(address, member);
            await UntilClosedAsync(tls, round % 3 == 0 ? Frame(int.MaxValue, 100) : round % 3 == 1 ? Frame(-1, 100)
                : [.. Enumerable.Range(0, 20).SelectMany(_ => Frame(500, 500, random))]);
        }

        var open = new List<Stream>();
        for (var half = 0; half < 200; half++)
        {
            var stream = await DialAsync(address, half % 2 == 0 ? member : null);
            open.Add(stream);
            // Of a member all but one byte of the largest frame; of a stranger the first bytes of a handshake.
            var bytes = half % 2 == 0 ? Frame(120 * 1024, (120 * 1024) - 1) : [0x16, 0x03, 0x01, 0x40, 0x00, 0x01];
            try
            {
                await stream.WriteAsync(bytes).AsTask().WaitAsync(FleetSite.Step);
            }
            catch (IOException)
            {
                // The agent may cut an early one while the later ones are made.
            }
        }

        var watch = Stopwatch.StartNew();
        Assert.Equal("n1", await FleetSite.AskAsync(agent, "after"));
        var grown = Memory() - before;
        output.WriteLine($"{grown / 1024 / 1024} MiB with {open.Count} half frames open; answered after {watch.ElapsedMilliseconds} ms");

        // The agent ends what does not finish its handshake; a stranger cannot hold memory for long.
        var all = Task.WhenAll(open.Select(stream => UntilClosedAsync(stream, [])));
        for (; !all.IsCompleted; await Task.WhenAny(all, Task.Delay(500))) grown = Math.Max(grown, Memory() - before);
        await all;
        output.WriteLine($"{grown / 1024 / 1024} MiB at most; all cut after {watch.ElapsedMilliseconds} ms");
        foreach (var stream in open) await stream.DisposeAsync();
        output.WriteLine($"{node.Log.Lines.Count} lines\n{node.Log}");
        Assert.InRange(grown, long.MinValue, MostMemory);
        Assert.InRange(node.Log.Lines.Count, 1, MostLines);
        Assert.Equal(["before", "after"], node.Heard.Distinct());
    }

    private static long Memory() => GC.GetTotalMemory(forceFullCollection: true);

    private static byte[] Frame(int length, int content, Random? random = null)
    {
        var frame = new byte[4 + content];
        random?.NextBytes(frame);
        BinaryPrimitives.WriteInt32LittleEndian(frame, length);
        return frame;
    }

    private static async Task<Stream> DialAsync(FleetAddress address, X509Certificate2? certificate)
    {
        var client = new TcpClient();
        await client.ConnectAsync(address.Ip!, address.Port).WaitAsync(FleetSite.Step);
        if (certificate is null) return client.GetStream();
        var tls = new SslStream(client.GetStream(), false, (_, shown, _, _) => shown is not null);
        var options = new SslClientAuthenticationOptions { TargetHost = address.Host, ClientCertificates = [certificate] };
        await tls.AuthenticateAsClientAsync(options).WaitAsync(FleetSite.Step);
        return tls;
    }

    // The agent may cut the connection before all is written.
    private static async Task UntilClosedAsync(Stream stream, byte[] bytes)
    {
        try
        {
            await stream.WriteAsync(bytes).AsTask().WaitAsync(FleetSite.Step);
            var rest = new byte[256];
            while (await stream.ReadAsync(rest).AsTask().WaitAsync(FleetSite.Step) > 0)
            {
            }
        }
        catch (IOException)
        {
            // closed
        }
    }
}
