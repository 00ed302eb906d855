using Ips.Transport.Tests.Posix;

namespace Ips.Transport.Tests.Tunnels;

/// <summary>Descriptors of tunnels, counted: nothing else may run in this process.</summary>
[Collection(ProcessWideCollection.Name)]
public class TunnelDescriptorTests
{
    private const int WarmupMoves = 10;

    /// <summary>Moves of one WebSocket after those that open what a process needs once.</summary>
    protected virtual int Moves => 50;

    [Fact]
    public async Task Move_AgainAndAgain_LeaksNoDescriptor()
    {
        using var backend = new RawBackend();
        await using var a = await TunnelRig.GatewayAsync("1", backend.Port);
        await using var b = await TunnelRig.GatewayAsync("2", backend.Port);
        var (client, socket) = await TunnelRig.ConnectAsync(a, backend);
        using (client)
        using (socket)
        {
            List<string> open = [];
            for (var move = 0; move < WarmupMoves + Moves; move++)
            {
                if (move == WarmupMoves) open = Fds.ButFiles();
                var (from, to) = move % 2 == 0 ? (a, b) : (b, a);
                to.Listener.Adopt(await TunnelRig.LeaveAsync(from));
                await client.SendRawAsync(new byte[] { (byte)move });
                Assert.Equal([(byte)move], await TunnelRig.ReadAsync(socket, 1));
                await Eventually.TrueAsync(() => from.Registry.Open == 0);
            }

            var now = Fds.ButFiles();
            Assert.True(now.Count == open.Count, $"{open.Count} were open, {now.Count} are: {string.Join(", ", now.Except(open))}");
        }
    }
}
