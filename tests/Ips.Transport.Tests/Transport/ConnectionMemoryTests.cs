using System.Net.Sockets;
using Ips.Actors.Posix;
using Ips.Actors.Transport;
using Ips.Transport.Tests.Posix;

namespace Ips.Transport.Tests.Transport;

/// <summary>A connection that has ended is garbage at once. One that waits for the finalizer stays for a collection more, with all that it
/// refers to: that was a tenth of the time of a connection with a single request.</summary>
[Collection(ProcessWideCollection.Name)]
public sealed class ConnectionMemoryTests
{
    [Fact]
    public async Task Connections_ThatHaveEnded_LeaveNothingToTheFinalizer()
    {
        const int Count = 300;
        await using var host = await TestHost.StartAsync("A");
        await AskAsync(host, 20); // warm

        GC.Collect();
        GC.WaitForPendingFinalizers();
        await AskAsync(host, Count);
        GC.Collect();
        Assert.InRange(GC.GetGCMemoryInfo(GCKind.FullBlocking).FinalizationPendingCount, 0, Count / 2);
    }

    [Fact]
    public async Task QuietWait_ResultIsTaken_GoesBackToTheSocketForTheNextOne()
    {
        var (client, server) = StreamPair.Open();
        using (client)
        {
            using (server)
            {
                var first = await ReceiveAsync();
                Assert.Same(first, await ReceiveAsync());
            }

            async Task<object> ReceiveAsync()
            {
                server.Blocking = false;
                var operation = server.ReceiveAsync(Memory<byte>.Empty, SocketFlags.None, CancellationToken.None);
                Assert.False(operation.IsCompleted);
                var wait = new QuietWait(operation);
                client.Send([1]);
                await wait;
                Assert.Equal(0, wait.Take());
                server.Receive(new byte[1]);
                return typeof(ValueTask<int>).GetField("_obj",
                    System.Reflection.BindingFlags.Instance | System.Reflection.BindingFlags.NonPublic)!.GetValue(operation)!;
            }
        }
    }

    private static async Task AskAsync(TestHost host, int count)
    {
        for (var i = 0; i < count; i++)
        {
            using var client = await host.ConnectAsync();
            await client.SendAsync("GET /n/1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
            Assert.Equal("A", (await client.ReceiveAsync())!.Host);
        }

        await Eventually.TrueAsync(() => host.Registry.Open == 0);
    }
}
