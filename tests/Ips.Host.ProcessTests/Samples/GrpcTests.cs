using System.Collections.Concurrent;
using Grpc.Core;
using Grpc.Net.Client;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Http2;
using Ips.Testing.Load;
using Notes;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests.Samples;

/// <summary>samples/Grpc under its own client, which its page shows, and under one for HTTP/2 that never retries.</summary>
[Collection(Waits.Name)]
public sealed class GrpcTests(ITestOutputHelper output) : SampleTest(output)
{
    private static readonly TimeSpan AddInterval = TimeSpan.FromMilliseconds(15); // the load of one client

    [Fact]
    public async Task Grpc_ReloadedThreeTimes_FailsNoCallAndAFollowerMissesNoNote()
    {
        await using var app = await StartAsync("Grpc", place =>
        [
            "--Kestrel:Endpoints:Probes:Url", $"http://127.0.0.1:{place.Port}",
            "--Kestrel:Endpoints:Grpc:Url", $"http://127.0.0.1:{place.SecondPort}",
        ], ["--Data", Path.Combine(Folder, "data")]);
        await using var http2 = H2Load.Start(new H2Options
        {
            Target = LoadTarget.Loopback(app.Place.SecondPort), Path = "/healthz", SlowPath = null, BusyClients = 1, IdleClients = 1,
            Streams = 2,
        });
        using var channel = GrpcChannel.ForAddress($"http://127.0.0.1:{app.Place.SecondPort}");
        var client = new NoteBook.NoteBookClient(channel);
        using CancellationTokenSource over = new(), readAll = new();
        ConcurrentQueue<Note> read = new();
        ConcurrentQueue<StatusCode?> ends = new();
        var following = FollowAsync(client, read, ends, readAll.Token);
        var adding = AddAsync(client, over.Token);

        await ReloadUnderLoadAsync(app, ["/healthz"], generation =>
            Eventually.TrueAsync(() => ends.Count >= generation - 1, $"a stream that is resumed at generation {generation}"));
        await over.CancelAsync();
        var added = await adding;
        var last = new NewNote { Id = $"{Guid.NewGuid()}", Text = "once" };
        Assert.Equal(await client.AddAsync(last), await client.AddAsync(last)); // who does not know how a call ended calls again
        added.Add(last.Text);
        await Eventually.TrueAsync(() => read.Count >= added.Count, "each note in the stream");
        await readAll.CancelAsync();
        await following;

        var h2 = await http2.StopAsync();
        Output.WriteLine($"{added.Count} notes, {ends.Count} streams resumed; {h2}");
        Assert.Equal(Enumerable.Range(1, added.Count).Select(number => ((long)number, added[number - 1])),
            read.Select(note => (note.Number, note.Text)));
        Assert.InRange(ends.Count, Reloads, 2 * Reloads); // one more where it met the old generation once again
        Assert.All(ends, code => Assert.Equal(StatusCode.Unavailable, code)); // the server's word, and not a stream that was cut
        Assert.Equal((0, 0, 0), (h2.Failed, h2.Resets, h2.ClosedUntold));
        Assert.InRange(h2.Announced, Reloads, int.MaxValue);
    }

    // No second try: a call that fails fails the test.
    private static async Task<List<string>> AddAsync(NoteBook.NoteBookClient client, CancellationToken over)
    {
        List<string> added = [];
        while (!over.IsCancellationRequested)
        {
            var text = $"text {added.Count + 1}";
            var note = await client.AddAsync(
                new NewNote { Id = $"{Guid.NewGuid()}", Text = text }, cancellationToken: CancellationToken.None);
            added.Add(note.Text);
            await Task.Delay(AddInterval, CancellationToken.None);
        }

        return added;
    }

    private static async Task FollowAsync(NoteBook.NoteBookClient client, ConcurrentQueue<Note> read, ConcurrentQueue<StatusCode?> ends,
        CancellationToken over)
    {
        try
        {
            await foreach (var note in NotesClient.FollowAsync(client, 0, end => ends.Enqueue(end?.StatusCode), over)) read.Enqueue(note);
        }
        catch (Exception e) when (over.IsCancellationRequested && e is OperationCanceledException or RpcException)
        {
            // It has read all.
        }
    }
}
