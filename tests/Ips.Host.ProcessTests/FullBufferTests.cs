using Ips.Actors.Diagnostics;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Processes;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests;

/// <summary>A successor that does not read what it is sent: the socket between the two is full, the rest waits with its sender, and no
/// connection is lost.</summary>
public sealed class FullBufferTests(ITestOutputHelper output) : ProcessTest(output)
{
    private const int Clients = 240; // fewer than may be on their way at once

    // What is received behind a running request travels in the packet: some 4 KiB each, in base64, where the socket takes 256 KiB.
    private const int NextRequestBytes = 14 * 1024;

    // Of an upload that waits for its last byte: enough for Kestrel's least rate of a body, 240 bytes a second, for as long as any step may
    // take.
    private const int UploadBytes = 20_000;

    [Fact]
    public async Task Move_SuccessorReadsNothing_EachConnectionIsAnsweredOnceItDoes()
    {
        await using var held = await HeldReload.BeginAsync(ReloadPhase.Welcomed, Folder, Prepare);
        var service = held.Service;
        var clients = await Task.WhenAll(Enumerable.Range(0, Clients).Select(_ => BeginUploadAsync(service.Port)));
        try
        {
            held.LetGo();
            await service.Log.WaitForAsync(0, EventIds.ReloadPromoted);
            Assert.True(ProcessTable.Signal(held.Successor, ProcessTable.SigStop));

            // Their connections leave now, one packet after the other. The predecessor keeps a copy of each, and another of those whose
            // packet is not sent.
            var next = $"GET /ping HTTP/1.1\r\nHost: localhost\r\nX-Fill: {new string('x', NextRequestBytes)}\r\n\r\n";
            await Task.WhenAll(clients.Select(client => client.SendAsync($"!{next}")));
            var uploads = await Task.WhenAll(clients.Select(client =>
                client.ReadUntilAsync(text => text.Contains("\r\n0\r\n\r\n", StringComparison.Ordinal) || IsAnswered(text))));
            Assert.All(uploads, answer => Assert.Contains("X-Ips-Generation: 1\r\n", answer, StringComparison.Ordinal));
            await Eventually.TrueAsync(() => Descriptors.Of(held.Predecessor).Count(name => name == Descriptors.Tcp) > Clients * 5 / 4,
                "packets that wait for room in the socket");

            Assert.True(ProcessTable.Signal(held.Successor, ProcessTable.SigCont));
            var answers = await Task.WhenAll(clients.Select(client => client.ReadUntilAsync(IsAnswered)));
            Assert.All(answers, answer => Assert.StartsWith("HTTP/1.1 200 ", answer, StringComparison.Ordinal));
            Assert.All(answers, answer => Assert.Contains("X-Ips-Generation: 2\r\n", answer, StringComparison.Ordinal));
        }
        finally
        {
            foreach (var client in clients) client.Dispose();
        }

        Assert.Equal(0, await service.First.WaitForExitAsync(Limits.Step));
        await service.WaitForMainAloneAsync();
        await Descriptors.WaitForNoMoreThanAsync(held.Successor, held.DescriptorsOfSuccessors);
        Assert.Equal(await service.ReloadAsync(), service.MainPid);
        await held.Load.WaitForGenerationAsync(3, Limits.Step);
        await held.AssertNoRequestFailedAsync();
    }

    // Of which all but one byte has come, and the server reads it: it says so.
    private static async Task<RawClient> BeginUploadAsync(int port)
    {
        var client = await RawClient.ConnectAsync(port);
        await client.SendAsync(
            $"POST /upload HTTP/1.1\r\nHost: localhost\r\nContent-Length: {UploadBytes + 1}\r\nExpect: 100-continue\r\n\r\n");
        await client.ReadUntilAsync(text => text.Contains("100 Continue\r\n\r\n", StringComparison.Ordinal));
        await client.SendAsync(new string('!', UploadBytes));
        return client;
    }

    private static bool IsAnswered(string text) => text.EndsWith("pong", StringComparison.Ordinal)
        || text.EndsWith("\r\n0\r\n\r\n", StringComparison.Ordinal);
}
