using System.Net;
using System.Net.Sockets;
using Ips.Host.ProcessTests.Harness;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests.Receipts;

/// <summary>A successor that serves is judged by the operator's own URL as well.</summary>
public sealed class JudgeTests(ITestOutputHelper output) : ReceiptTest(output)
{
    [Theory]
    [InlineData("HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n", false)]
    [InlineData(NoContent, true)]
    public async Task HealthUrl_Answers_DecideTheProbation(string answer, bool good)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var stop = new CancellationTokenSource();
        var asked = AnswerAsync(listener, answer, stop.Token);
        Put("good");
        var service = await StartAsync(probation: TimeSpan.FromSeconds(good ? 4 : 60), healthInterval: TimeSpan.FromMilliseconds(400),
            more: [$"ips.reload.health-url = \"http://{listener.LocalEndpoint}/up\""]);
        var (code, receipt) = await ReloadAsync(service);
        await stop.CancelAsync();
        Assert.InRange(await asked, 3, int.MaxValue);
        if (good)
        {
            Assert.Equal((0, "promoted"), (code, receipt.Outcome));
            return;
        }

        Assert.Equal((4, "rolled-back"), (code, receipt.Outcome));
        Assert.Contains("ips.reload.health-url", receipt.Reason, StringComparison.Ordinal);
        Assert.Contains("it answered 500", receipt.Reason, StringComparison.Ordinal);
        Assert.Equal(1, await service.AnsweringGenerationAsync());
        await service.WaitForMainAloneAsync();
    }

    private const string NoContent = "HTTP/1.1 204 No Content\r\n\r\n";

    // One answer a connection; answers how many there were. The first is asked before the release serves: what fails then says nothing of
    // it.
    private static async Task<int> AnswerAsync(TcpListener listener, string answer, CancellationToken stop)
    {
        var buffer = new byte[4096];
        for (var count = 0; ; count++)
        {
            try
            {
                using var socket = await listener.AcceptSocketAsync(stop);
                _ = await socket.ReceiveAsync(buffer.AsMemory(), stop);
                await socket.SendAsync(System.Text.Encoding.ASCII.GetBytes(count == 0 ? NoContent : answer), stop);
                socket.Shutdown(SocketShutdown.Send);
            }
            catch (OperationCanceledException)
            {
                return count;
            }
        }
    }
}
