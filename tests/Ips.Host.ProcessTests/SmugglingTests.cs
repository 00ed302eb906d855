using System.Globalization;
using System.Text.RegularExpressions;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Fuzz;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests;

/// <summary>
/// Bytes of one request that look like another, on both sides of a reload: a process that misplaced the boundary between two requests would
/// run a request that no client sent. The app's own journal shows that no such request ran, and that each real one ran once.
/// </summary>
public sealed partial class SmugglingTests(SmugglingFixture fixture, ITestOutputHelper output) : IClassFixture<SmugglingFixture>,
    IAsyncLifetime
{
    private const string Chunked = "Transfer-Encoding: chunked";
    private const int LeftoverLimitBytes = 16 * 1024; // as docs/handover.md has it
    private const int InputLimitBytes = 1024 * 1024; // KestrelServerLimits.MaxRequestBufferSize

    private static readonly string s_smuggled = Get(FuzzModel.Smuggled); // what must never run

    /// <inheritdoc/>
    public Task InitializeAsync() => Task.CompletedTask;

    /// <inheritdoc/>
    public Task DisposeAsync()
    {
        output.WriteLine(fixture.Service.Describe());
        return Task.CompletedTask;
    }

    // The app answers and has not read; the rest of the body comes when the successor serves.
    [Fact]
    public async Task Reload_UnreadBody_IsNoRequestOfTheSuccessor()
    {
        var length = $"Content-Length: {s_smuggled.Length}";
        foreach (var one in await AcrossReloadAsync(
            Unread("unread-1", Post("unread-1?until=unread", $"Content-Length: {s_smuggled.Length + 6}") + "filler", s_smuggled),
            Unread("unread-2", Post("unread-2?until=unread", length), s_smuggled),
            Unread("unread-3", Post("unread-3?until=unread", $"Expect: 100-continue\r\n{length}"), s_smuggled),
            Unread("unread-4", Post("unread-4?until=unread", Chunked) + $"6\r\nfiller\r\n{s_smuggled.Length:x}\r\n",
                $"{s_smuggled}\r\n0\r\n\r\n"))) await AssertStayedAsync(one);

        static Attack Unread(string id, string before, string rest) =>
            new(before, rest + Get($"{id}-next"), [id, $"{id}-next"]) { Runs = true, Word = "unread" };
    }

    // The second half of a header is a whole request, if it is taken by itself.
    [Fact]
    public async Task Reload_HalfHeader_IsNoRequestOfTheSuccessor()
    {
        var seen = await AcrossReloadAsync(
            new Attack("GET /fuzz/ignore/half-1 HTTP/1.1\r\nX-Half: ", s_smuggled + Get("half-1-next"), ["half-1", "half-1-next"]),
            new Attack("GET /fuzz/ignore/half-2 HTTP/1.1\r\n", $"X-Half: {s_smuggled}{Get("half-2-next")}", ["half-2", "half-2-next"]),
            new Attack("GET /fuzz/ignore/half-3?", s_smuggled["GET ".Length..] + Get("half-3-next"), ["half-3", "half-3-next"]));
        foreach (var one in seen) AssertMoved(one);
    }

    // They come in one piece with the body's end, after the reload: the body's request is answered by the predecessor, the others behind it
    // by the successor.
    [Fact]
    public async Task Reload_PipelinedRequestsBehindABody_AreAnsweredOnceInOrder()
    {
        var seen = await AcrossReloadAsync(
            new Attack(
                Post("piped-1", $"Content-Length: {s_smuggled.Length + 1}", "pipe") + "x",
                s_smuggled + Get("piped-2") + Get("piped-3"), ["piped-1", "piped-2", "piped-3"])
            { Runs = true },
            new Attack(
                Post("piped-4", Chunked, "stream") + "1\r\nx\r\n",
                $"{s_smuggled.Length:x}\r\n{s_smuggled}\r\n0\r\n\r\n"
                    + Post("piped-5", $"Content-Length: {s_smuggled.Length}", "stream") + s_smuggled + Get("piped-6"),
                ["piped-4", "piped-5", "piped-6"])
            { Runs = true });
        foreach (var one in seen) AssertMoved(one);
    }

    // The trailers end a body: read to the end, the connection moves behind them; unread, it stays.
    [Fact]
    public async Task Reload_ChunkedTrailer_IsNoRequestOfTheSuccessor()
    {
        var seen = await AcrossReloadAsync(
            new Attack(
                Post("trailer-1", Chunked, "pipe") + "1\r\nx\r\n0\r\nX-Trailer: ", s_smuggled + Get("trailer-1-next"),
                    ["trailer-1", "trailer-1-next"])
            { Runs = true },
            new Attack(
                Post("trailer-2", Chunked, "stream") + "1\r\nx\r\n0\r\n", $"X-Trailer: {s_smuggled}{Get("trailer-2-next")}",
                    ["trailer-2", "trailer-2-next"])
            { Runs = true },
            // The app has taken all the content, and has not seen that this is all.
            new Attack(
                Post("trailer-3?take=1&until=trailer", Chunked, "exact") + "1\r\nx\r\n0\r\nX-Trailer: ",
                s_smuggled + Get("trailer-3-next"), ["trailer-3", "trailer-3-next"])
            { Runs = true, Word = "trailer" },
            new Attack(
                Post("trailer-4?take=1&until=trailer", Chunked, "exact") + "1\r\nx\r\n",
                $"{s_smuggled.Length:x}\r\n{s_smuggled}\r\n0\r\n\r\n{Get("trailer-4-next")}",
                    ["trailer-4", "trailer-4-next"])
            { Runs = true, Word = "trailer" });
        foreach (var one in seen.Take(2)) AssertMoved(one);
        foreach (var one in seen.Skip(2)) await AssertStayedAsync(one);
    }

    // Received behind a request that runs when the move begins: as much as may travel, a byte more, several times that, and more than the
    // input takes; whole requests, and half a one at the end.
    [Fact]
    public async Task Reload_LeftoverAboveTheLimit_IsAnsweredOnceInOrder()
    {
        const string word = "leftovers-sent";
        List<Attack> attacks = [];
        foreach (var size in new[] { LeftoverLimitBytes, LeftoverLimitBytes + 1, 3 * LeftoverLimitBytes, 12 * LeftoverLimitBytes,
            InputLimitBytes + LeftoverLimitBytes })
        {
            var (whole, ids) = Pipelined($"leftover-{size}", size);
            attacks.Add(new Attack(Get($"leftover-{size}?until={word}") + whole, "", [$"leftover-{size}", .. ids])
            {
                Runs = true,
                Word = word
            });
            (whole, ids) = Pipelined($"cut-{size}", size + 5);
            attacks.Add(new Attack(Get($"cut-{size}?until={word}") + whole[..^5], "", [$"cut-{size}", .. ids])
            {
                Runs = true, Word = word,
                Rest = whole[^5..]
            });
        }

        var seen = await AcrossReloadAsync([.. attacks]);
        foreach (var one in seen.SkipLast(2)) AssertMoved(one);
        // no read is held while the input is full: so much may be answered here to its end
        foreach (var one in seen.TakeLast(2)) AssertInOrder(one);
    }

    /// <summary>The first answer is the predecessor's, the last one the successor's, and nobody was told to go.</summary>
    private static void AssertMoved(Seen seen)
    {
        Assert.Equal((seen.Answers[0].Id, seen.Old, seen.Old + 1),
            (seen.Answers[0].Id, seen.Answers[0].Generation, seen.Answers[^1].Generation));
        AssertInOrder(seen);
    }

    private static void AssertInOrder(Seen seen)
    {
        Assert.Equal(seen.Answers.Select(answer => answer.Generation).Order(), seen.Answers.Select(answer => answer.Generation));
        Assert.DoesNotContain(seen.Answers, answer => answer.Close);
    }

    /// <summary>Who has read the head alone knows where the body ends: it answers what follows, says that it closes, and does so.</summary>
    private static async Task AssertStayedAsync(Seen seen)
    {
        Assert.Equal([(seen.Old, false), (seen.Old, true)], seen.Answers.Select(answer => (answer.Generation, answer.Close)));
        Assert.Equal("FIN", await seen.Client.EndAsync());
    }

    private async Task<IReadOnlyList<Seen>> AcrossReloadAsync(params IReadOnlyList<Attack> attacks)
    {
        var service = fixture.Service;
        var old = await service.AnsweringGenerationAsync();
        using var witness = await RawClient.ConnectAsync(service.Port);
        await witness.GetAsync("/ping");
        List<Seen> seen = [];
        foreach (var attack in attacks)
        {
            var client = await RawClient.ConnectAsync(service.Port);
            await client.SendAsync(attack.Before);
            seen.Add(new Seen(client, old));
            if (attack.Runs) await Eventually.TrueAsync(() => fixture.Journal.Contains(attack.Answered[0]),
                $"a run of {attack.Answered[0]}");
        }

        await service.ReloadAsync();
        // Idle, it moves with the first: whatever else would move at once has left as well.
        while (!(await witness.GetAsync("/ping")).Contains($"X-Ips-Generation: {old + 1}\r\n", StringComparison.Ordinal))
        {
        }

        foreach (var (attack, one) in attacks.Zip(seen))
        {
            if (attack.Word.Length > 0)
            {
                fixture.Release(attack.Word);
                await one.ReadAsync(1);
            }

            await one.Client.SendAsync(attack.After);
            await one.ReadAsync(attack.Answered.Count - (attack.Rest.Length > 0 ? 1 : 0));
            await one.Client.SendAsync(attack.Rest);
            await one.ReadAsync(attack.Answered.Count);
            Assert.Equal(attack.Answered, one.Answers.Select(answer => answer.Id));
            Assert.All(one.Answers, answer => Assert.Equal(200, answer.Status));
        }

        var journal = fixture.Journal;
        Assert.DoesNotContain(journal, id => id.Contains(FuzzModel.Smuggled, StringComparison.Ordinal));
        Assert.All(attacks.SelectMany(attack => attack.Answered), id => Assert.Single(journal, id));
        return seen;
    }

    /// <summary>Requests one after the other, of so many bytes in all.</summary>
    private static (string Text, IReadOnlyList<string> Ids) Pipelined(string name, int bytes)
    {
        const int filler = 4000;
        var (text, ids) = ("", new List<string>());
        while (true)
        {
            ids.Add($"{name}-{ids.Count:d3}");
            var left = bytes - text.Length - Get(ids[^1], " ").Length + 1;
            if (left < 2 * filler) return (text + Get(ids[^1], new string('f', left)), ids);
            text += Get(ids[^1], new string('f', filler));
        }
    }

    private static string Get(string id, string filler = "") =>
        $"GET /fuzz/ignore/{id} HTTP/1.1\r\nHost: fuzz\r\n{(filler.Length > 0 ? $"X-Filler: {filler}\r\n" : "")}\r\n";

    private static string Post(string id, string framing, string how = "ignore") =>
        $"POST /fuzz/{how}/{id} HTTP/1.1\r\nHost: fuzz\r\n{framing}\r\n\r\n";

    [GeneratedRegex(@"HTTP/1\.1 (?<status>\d{3}) [^\r]*\r\n(?<headers>[^\r\n]+\r\n)*\r\n(?<id>[^ \n]+) [^\n]*\n",
        RegexOptions.ExplicitCapture)]
    private static partial Regex AnswerText();

    [GeneratedRegex(@"X-Ips-Generation: (\d+)\r\n")]
    private static partial Regex GenerationText();

    /// <summary>What one client sends on both sides of a reload.</summary>
    /// <param name="Before">Sent before.</param>
    /// <param name="After">Sent after, in one piece.</param>
    /// <param name="Answered">The requests that are answered, in order, all of them after the reload.</param>
    private sealed record Attack(string Before, string After, IReadOnlyList<string> Answered)
    {
        /// <summary>Whether the app runs the first one before the reload.</summary>
        public bool Runs { get; init; }

        /// <summary>What the app waits for with its answer to the first one: it is given after the reload.</summary>
        public string Word { get; init; } = "";

        /// <summary>Sent when all but the last are answered.</summary>
        public string Rest { get; init; } = "";
    }

    private sealed record Answer(int Status, string Id, int Generation, bool Close);

    private sealed class Seen(RawClient client, int old)
    {
        private string _text = "";

        public RawClient Client => client;

        /// <summary>The generation that served when the client connected.</summary>
        public int Old => old;

        public IReadOnlyList<Answer> Answers { get; private set; } = [];

        /// <summary>Reads on to so many answers in all. The body of each is one line, and names its request.</summary>
        public async Task ReadAsync(int count)
        {
            if (Answers.Count >= count) return;
            _text += await client.ReadUntilAsync(text => AnswerText().Count(_text + text) >= count);
            Answers = [.. AnswerText().Matches(_text).Select(match => new Answer(
                int.Parse(match.Groups["status"].ValueSpan, CultureInfo.InvariantCulture), match.Groups["id"].Value,
                GenerationText().Match(match.Value) is { Success: true } said
                    ? int.Parse(said.Groups[1].ValueSpan, CultureInfo.InvariantCulture) : 0,
                match.Value.Contains("Connection: close\r\n", StringComparison.OrdinalIgnoreCase)))];
        }
    }
}
