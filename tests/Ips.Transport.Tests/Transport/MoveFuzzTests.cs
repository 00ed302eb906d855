using System.Globalization;
using System.Text;
using Ips.Actors.Transport;
using Xunit.Abstractions;

namespace Ips.Transport.Tests.Transport;

/// <summary>
/// Random clients, moved at random moments, against a model: each connection must see the answers to its own requests, in order, each once,
/// until it or the model says "close". IPS_FUZZ_SEED and IPS_FUZZ_CONNECTIONS choose another run.
/// </summary>
public sealed class MoveFuzzTests(ITestOutputHelper output)
{
    private const int AtOnce = 32;

    private static readonly int s_seed = Setting("IPS_FUZZ_SEED", 20260728);
    private static readonly int s_connections = Setting("IPS_FUZZ_CONNECTIONS", 600);

    [Fact]
    public async Task RandomClients_MovedAtRandomMoments_SeeEachAnswerOnce()
    {
        output.WriteLine($"IPS_FUZZ_SEED={s_seed} IPS_FUZZ_CONNECTIONS={s_connections}");
        await using var a = await TestHost.StartAsync("A");
        await using var b = await TestHost.StartAsync("B");
        var tally = new Tally();
        var next = -1;
        await Task.WhenAll(Enumerable.Range(0, AtOnce).Select(async _ =>
        {
            for (int number; (number = Interlocked.Increment(ref next)) < s_connections;)
            {
                var history = new StringBuilder();
                try
                {
                    await RunAsync(number, new Random(unchecked((s_seed * 1_000_003) + number)), a, b, tally, history);
                }
                catch (Exception e)
                {
                    throw new InvalidOperationException($"Connection {number} of seed {s_seed} failed after: {history}", e);
                }
            }
        }));
        output.WriteLine(tally.ToString());

        // A run in which hardly anything moved would prove nothing.
        Assert.True(tally.Moves > s_connections / 2, tally.ToString());
        Assert.True(tally.MovesWithLeftover > 0, tally.ToString());
        await Eventually.TrueAsync(() => a.Registry.Open == 0 && b.Registry.Open == 0);
    }

    private static async Task RunAsync(int number, Random random, TestHost a, TestHost b, Tally tally, StringBuilder history)
    {
        var plan = ClientPlan.Make(number, random);
        var (client, connection) = await ConnectAsync(a, number);
        using var _ = client;
        using var stop = new CancellationTokenSource();
        var moving = MoveAroundAsync(connection, b, a, new Random(random.Next()), tally, history, stop.Token);
        var answers = ReadAsync(client, plan);
        using var __ = stop.Token.Register(() => { lock (history) history.Append(CultureInfo.InvariantCulture, $"({answers.Status})"); });
        try
        {
            await SendAsync(client, plan, new Random(random.Next()));
        }
        catch (System.Net.Sockets.SocketException) when (plan.ServerMayClose)
        {
            // The answer that closes came before all was sent.
        }
        catch (TimeoutException)
        {
            await stop.CancelAsync(); // the history tells where it hangs
            throw;
        }
        if (plan.LeavesEarly)
        {
            client.Reset();
            await answers.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }
        else
        {
            await answers.ContinueWith(_ => stop.CancelAsync(), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously,
                TaskScheduler.Default).Unwrap();
            Assert.Equal(plan.Expected, await answers);
            if (!plan.ServerMayClose) Assert.True(client.IsQuiet());
        }
        await stop.CancelAsync();
        await moving;
    }

    /// <summary>The connection is found by the client's own port, as 32 are made at once.</summary>
    private static async Task<(RawClient Client, HandoverConnection Connection)> ConnectAsync(TestHost host, int number)
    {
        var client = await host.ConnectAsync();
        var own = client.Socket.LocalEndPoint!;
        HandoverConnection? connection = null;
        await Eventually.TrueAsync(() => (connection = host.Registry.Connections.FirstOrDefault(c => own.Equals(c.RemoteEndPoint)))
            is not null, $"connection {number}");
        return (client, connection!);
    }

    private static async Task MoveAroundAsync(HandoverConnection connection, TestHost there, TestHost here, Random random, Tally tally,
        StringBuilder history, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            await PauseAsync(random);
            using var _ = stop.Register(() =>
                { lock (history) history.Append(CultureInfo.InvariantCulture, $"(at the end {connection})"); });
            var move = connection.BeginMove();
            if (random.Next(5) == 0)
            {
                await PauseAsync(random);
                connection.CancelMove();
            }
            MoveResult result;
            try
            {
                result = await move.WaitAsync(stop);
            }
            catch (OperationCanceledException)
            {
                connection.CancelMove();
                result = await move; // canceled, or it had left already
            }
            tally.Count(result);
            lock (history) history.Append(CultureInfo.InvariantCulture, $"{here.Name}: {result}; ");
            if (result is MoveResult.Moved moved)
            {
                connection = there.Listener.Adopt(moved);
                (here, there) = (there, here);
            }
            else if (result is MoveResult.NotMovable { Reason: not UnmovableReason.Canceled })
            {
                return;
            }
        }
    }

    /// <summary>In pieces of any size, with pauses: packets end anywhere.</summary>
    private static async Task SendAsync(RawClient client, ClientPlan plan, Random random)
    {
        var bytes = Encoding.Latin1.GetBytes(plan.Sent);
        for (var at = 0; at < bytes.Length;)
        {
            var length = Math.Min(bytes.Length - at, random.Next(4) == 0 ? random.Next(1, 8) : random.Next(1, 3000));
            await client.SendAsync(bytes.AsMemory(at, length));
            at += length;
            await PauseAsync(random);
        }
    }

    private static async Task<List<string>> ReadAsync(RawClient client, ClientPlan plan)
    {
        List<string> answers = [];
        while (answers.Count < plan.Expected.Count)
        {
            var response = await client.ReceiveAsync();
            if (response is null) break;
            if (response.Status != 100) answers.Add($"{response.Status} {response.Body}");
        }
        return answers;
    }

    private static async Task PauseAsync(Random random)
    {
        // Not to be in step with anything: the moments have to be random.
        switch (random.Next(4))
        {
            case 0: await Task.Delay(random.Next(1, 4)); break;
            case 1: await Task.Yield(); break;
            default: break;
        }
    }

    private static int Setting(string name, int otherwise) =>
        Environment.GetEnvironmentVariable(name) is { } text ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;

    /// <summary>What one client sends, and what the model says it must get.</summary>
    private sealed class ClientPlan
    {
        private readonly StringBuilder _sent = new();
        private readonly List<string> _expected = [];

        public string Sent => _sent.ToString();

        public List<string> Expected => _expected;

        /// <summary>Whether it ends in a request whose answer closes the connection.</summary>
        public bool ServerMayClose { get; private set; }

        /// <summary>Whether the client resets the connection without waiting for answers.</summary>
        public bool LeavesEarly { get; private set; }

        public static ClientPlan Make(int number, Random random)
        {
            var plan = new ClientPlan();
            var requests = random.Next(1, 12);
            for (var i = 0; i < requests; i++) plan.Add($"{number}-{i}", random);
            switch (random.Next(12))
            {
                case 0:
                    plan._sent.Append("GET /n/half HTTP/1.1\r\nHo");
                    plan.LeavesEarly = true;
                    break;
                case 1:
                    plan.LeavesEarly = true;
                    break;
                case 2:
                    plan._sent.Append("GET /close HTTP/1.1\r\nHost: x\r\n\r\n");
                    plan._expected.Add("200 closing");
                    plan.ServerMayClose = true;
                    break;
            }
            return plan;
        }

        private void Add(string id, Random random)
        {
            var body = new string((char)('a' + random.Next(26)), random.Next(8) == 0 ? random.Next(1, 40_000) : random.Next(1, 60)) + id;
            switch (random.Next(9))
            {
                case 0:
                    Post("/echo", $"Content-Length: {body.Length}\r\n", body, body);
                    break;
                case 1:
                    Post("/pipe", $"Content-Length: {body.Length}\r\n", body, body.Length.ToString(CultureInfo.InvariantCulture));
                    break;
                case 2:
                    Post("/echo", "Transfer-Encoding: chunked\r\n", Chunk(body, random), body);
                    break;
                case 3:
                    Post("/pipe", "Transfer-Encoding: chunked\r\n", Chunk(body, random),
                        body.Length.ToString(CultureInfo.InvariantCulture));
                    break;
                case 4:
                    // Sends the body without waiting for the 100, as a client may.
                    Post("/echo", $"Expect: 100-continue\r\nContent-Length: {body.Length}\r\n", body, body);
                    break;
                case 5 when random.Next(3) == 0:
                    // What nobody reads looks like a request, so that taking it for one shows.
                    var smuggled = $"GET /n/smuggled-{id} HTTP/1.1\r\nHost: x\r\n\r\n";
                    Post("/unread", $"Content-Length: {smuggled.Length}\r\n", smuggled, "unread");
                    break;
                case 6:
                    _sent.Append(CultureInfo.InvariantCulture,
                        $"GET /n/{id} HTTP/1.1\r\nHost: x\r\nX-Filler: {new string('f', random.Next(1, 7000))}\r\n\r\n");
                    _expected.Add($"200 {id}");
                    break;
                default:
                    _sent.Append(CultureInfo.InvariantCulture, $"GET /n/{id} HTTP/1.1\r\nHost: x\r\n\r\n");
                    _expected.Add($"200 {id}");
                    break;
            }
        }

        private void Post(string path, string framing, string body, string answer)
        {
            _sent.Append(CultureInfo.InvariantCulture, $"POST {path} HTTP/1.1\r\nHost: x\r\n{framing}\r\n{body}");
            _expected.Add($"200 {answer}");
        }

        private static string Chunk(string body, Random random)
        {
            var chunks = new StringBuilder();
            for (var at = 0; at < body.Length;)
            {
                var length = Math.Min(body.Length - at, random.Next(1, 5000));
                chunks.Append(CultureInfo.InvariantCulture,
                    $"{length:x}{(random.Next(4) == 0 ? ";ext=1" : "")}\r\n{body.AsSpan(at, length)}\r\n");
                at += length;
            }
            chunks.Append("0\r\n").Append(random.Next(2) == 0 ? "X-Trailer: t\r\n" : "").Append("\r\n");
            return chunks.ToString();
        }
    }

    private sealed class Tally
    {
        private readonly System.Collections.Concurrent.ConcurrentDictionary<string, int> _counts = new();

        public int Moves => _counts.GetValueOrDefault("moved") + MovesWithLeftover;

        public int MovesWithLeftover => _counts.GetValueOrDefault("moved with leftover");

        public void Count(MoveResult result) =>
            _counts.AddOrUpdate(
                result switch
                {
                    MoveResult.Moved { Leftover.IsEmpty: true } => "moved",
                    MoveResult.Moved => "moved with leftover",
                    MoveResult.NotMovable stayed => stayed.Reason.ToString(),
                    _ => throw new ArgumentOutOfRangeException(nameof(result), result, "No such result."),
                },
                1,
                static (_, count) => count + 1);

        public override string ToString() => string.Join(", ",
            _counts.OrderBy(count => count.Key, StringComparer.Ordinal).Select(count => $"{count.Key} {count.Value}"));
    }
}
