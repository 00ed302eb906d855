using System.Net.Sockets;
using Ips.Transport.Tests.Posix;
using Ips.Transport.Tests.Transport;

namespace Ips.Transport.Tests.Tunnels;

/// <summary>Either generation is killed at each step of a tunnel's move: the tunnel goes on with every byte, or both of its ends see it
/// end; nothing hangs, and no descriptor is left. Those are counted: nothing else may run in this process.</summary>
[Collection(ProcessWideCollection.Name)]
public sealed class TunnelKillTests
{
    private const int Part = 1000;

    /// <summary>The step, who is killed, and whether the tunnel lives.</summary>
    public static TheoryData<string, int, bool> Kills
    {
        get
        {
            var kills = new TheoryData<string, int, bool>();
            foreach (var step in Enum.GetValues<MoveStep>())
            {
                kills.Add($"{step}", 1, step >= MoveStep.Sent); // what is sent arrives, whoever sent it
                kills.Add($"{step}", 2, step <= MoveStep.Received); // what is not acknowledged comes back
            }

            return kills;
        }
    }

    [Theory]
    [MemberData(nameof(Kills))]
    public async Task Move_AGenerationIsKilledAtAStep_TheTunnelGoesOnOrBothEndsSeeTheEnd(string at, int generation, bool lives)
    {
        var step = Enum.Parse<MoveStep>(at);
        using var backend = new RawBackend();
        CarriedMove? current = null;
        await using var a = await TunnelRig.GatewayAsync("1", backend.Port);
        await using var b = await TunnelRig.GatewayAsync("2", backend.Port, look: context => current?.Look(context) ?? true);
        await MoveOnceAsync(a, b, backend); // opens what a process needs once
        var open = Fds.ButFiles();

        await using (var move = current = new CarriedMove(step))
        {
            var (client, socket) = await TunnelRig.ConnectAsync(a, backend);
            using (client)
            using (socket)
            {
                var (up, down) = (0, 0);
                await socket.SendAsync(TunnelRig.EndlessFrame, SocketFlags.None);
                await SendAsync();
                await move.ReachAsync(a, b);
                await SendAsync();
                await move.KillAsync(generation);

                byte[] sent = [.. TunnelRig.EndlessFrame, .. TunnelRig.Known(0, down + Part)];
                if (lives)
                {
                    var toClient = TunnelRig.ReadAsync(client.Socket, sent.Length);
                    await SendAsync();
                    Assert.Equal(sent, await toClient);
                    Assert.Equal(TunnelRig.Known(0, up), await TunnelRig.ReadAsync(socket, up));
                    Assert.Empty(a.App.Seen); // YARP has reported no error
                    Assert.Empty(b.App.Seen);
                }
                else
                {
                    var (got, passed) = (await ReadToEndAsync(client.Socket), await ReadToEndAsync(socket));
                    Assert.Equal(sent[..got.Length], got);
                    Assert.Equal(TunnelRig.Known(0, passed.Length), passed);
                }

                async Task SendAsync()
                {
                    await client.SendRawAsync(TunnelRig.Known(up, Part));
                    var sending = socket.SendAsync(TunnelRig.Known(down, Part), SocketFlags.None);
                    Assert.Equal(Part, await sending.WaitAsync(Limits.Step));
                    (up, down) = (up + Part, down + Part);
                }
            }

            await Eventually.TrueAsync(() => a.Registry.Open == 0 && b.Registry.Open == 0);
        }

        await Eventually.TrueAsync(() => Task.FromResult(Fds.ButFiles().Count <= open.Count),
            () => $"as few descriptors as before; new are {string.Join(", ", Fds.ButFiles().Except(open))}");
    }

    private static async Task MoveOnceAsync(TestHost a, TestHost b, RawBackend backend)
    {
        await using (var move = new CarriedMove(MoveStep.Delivered))
        {
            var (client, socket) = await TunnelRig.ConnectAsync(a, backend);
            using (client)
            using (socket)
            {
                await move.ReachAsync(a, b);
                socket.Shutdown(SocketShutdown.Send);
                Assert.Empty(await ReadToEndAsync(client.Socket));
            }
        }

        await Eventually.TrueAsync(() => a.Registry.Open == 0 && b.Registry.Open == 0);
    }

    // To the FIN, or the reset of a killed process.
    private static async Task<byte[]> ReadToEndAsync(Socket socket)
    {
        var (all, buffer) = (new MemoryStream(), new byte[64 * 1024]);
        try
        {
            while (await socket.ReceiveAsync(buffer, SocketFlags.None).WaitAsync(Limits.Step) is > 0 and var count)
                all.Write(buffer, 0, count);
        }
        catch (SocketException)
        {
        }

        return all.ToArray();
    }
}
