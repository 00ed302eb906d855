using System.Text.Json;
using Ips.Actors.Control;
using Ips.Actors.Lifecycle;
using Ips.Host.Dashboard;
using Ips.Host.Tests.Cli;
using Ips.Testing;

namespace Ips.Host.Tests.Dashboard;

/// <summary>What the pages get of what a control socket says.</summary>
[Trait("issue", "16")]
public sealed class DashboardFeedTests : IAsyncLifetime, IDisposable
{
    private static readonly DateTimeOffset Start = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    private readonly string _folder = Directory.CreateTempSubdirectory("ips-").FullName;
    private readonly CancellationTokenSource _ending = new();
    private readonly DashboardStreams _streams = new(backlog: 100_000);
    private readonly List<string> _read = [];
    private Task _running = Task.CompletedTask;

    private string SocketPath => Path.Combine(_folder, "shop.pid.sock");

    [Fact]
    public async Task Watch_OfAService_ReachesThePageWithItsHistory()
    {
        using var service = new FakeControlSocket(SocketPath, request => Verb(request) == "watch"
            ? Watch(2, Receipt) + Watch(2, Receipt) : History(Receipt));
        Run();
        await SeeAsync(read => read.Contains("\"state\":\"live\"", StringComparison.Ordinal));
        await SeeAsync(read => read.StartsWith("event: snapshot", StringComparison.Ordinal)
            && read.Contains("\"generation\":2", StringComparison.Ordinal));
        await SeeAsync(read => read.StartsWith("event: history", StringComparison.Ordinal)
            && read.Contains("\"outcome\":\"rolled-back\"", StringComparison.Ordinal));
        await SeeAsync(read => read.StartsWith("event: trace", StringComparison.Ordinal)
            && read.Contains("\"state\":\"serving\"", StringComparison.Ordinal));
        Assert.DoesNotContain(_read, read => read.StartsWith("event: snapshot", StringComparison.Ordinal)
            && read.Contains("lastReceipt", StringComparison.Ordinal)); // it is in the history
        Assert.Contains("\"intervalMs\":500", service.Requests[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task History_UnchangedReceipt_IsAskedForOnce()
    {
        using var service = new FakeControlSocket(SocketPath, request => Verb(request) == "watch"
            ? string.Concat(Enumerable.Repeat(Watch(2, Receipt), 20)) : History(Receipt));
        Run();
        await Eventually.TrueAsync(() => service.Requests.ToArray().Count(request => Verb(request) == "watch") > 3);
        Assert.Equal(1, service.Requests.ToArray().Count(request => Verb(request) == "history"));
    }

    // A service keeps the output of its newest failure only.
    [Fact]
    public async Task History_OutputThatTheServiceForgets_IsKept()
    {
        var watches = 0;
        using var service = new FakeControlSocket(SocketPath, request => Verb(request) == "watch"
            ? Watch(2, ++watches == 1 ? Receipt : Receipt with { StartedAt = Start.AddMinutes(1) })
            : watches == 1 ? History(Receipt)
            : History(Receipt with { Output = null }, Receipt with { StartedAt = Start.AddMinutes(1), Output = null }));
        Run();
        var second = await SeeAsync(read => read.StartsWith("event: history", StringComparison.Ordinal)
            && read.Contains("03:05:05", StringComparison.Ordinal));
        Assert.Equal(1, Count(second, "the last words"));
    }

    [Fact]
    public async Task Watch_OfAnEarlierRelease_FallsBackToItsStatus()
    {
        var status = new DaemonStatus(10, 3, "Reloading", "0.9", Start, ["http://127.0.0.1:1"], 4, 1)
        {
            SuccessorPid = 11, SuccessorState = "on probation",
        };
        using var service = new FakeControlSocket(SocketPath, request => Verb(request) switch
        {
            "watch" => Line(new ControlEvent("error") { Final = true, Message = "unknown verb 'watch'; known are status, reload" }),
            "status" => Line(new ControlEvent("status") { Final = true, Status = status }),
            _ => History(),
        });
        Run();
        var link = await SeeAsync(read => read.Contains("\"state\":\"polling\"", StringComparison.Ordinal));
        Assert.Contains("newer", link, StringComparison.Ordinal);
        var snapshot = await SeeAsync(read => read.StartsWith("event: snapshot", StringComparison.Ordinal));
        Assert.Contains("{\"number\":4,\"pid\":11,\"state\":\"probation\"}", snapshot, StringComparison.Ordinal);
        Assert.Contains("\"connections\":4", snapshot, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Watch_RefusedForAnotherReason_TellsIt()
    {
        using var service = new FakeControlSocket(SocketPath, _ =>
            Line(new ControlEvent("error") { Final = true, Message = "permission denied" }));
        Run();
        await SeeAsync(read => read.Contains("\"state\":\"failed\",\"message\":\"permission denied\"", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Watch_NobodyListens_WaitsThenSaysStoppedAndFindsTheNext()
    {
        Run(patience: TimeSpan.FromMilliseconds(300));
        await SeeAsync(read => read.Contains("\"state\":\"waiting\"", StringComparison.Ordinal));
        await SeeAsync(read => read.Contains("\"state\":\"stopped\"", StringComparison.Ordinal));
        using var service = new FakeControlSocket(SocketPath, request => Verb(request) == "watch" ? Watch(1, null) : History());
        await SeeAsync(read => read.Contains("\"state\":\"live\"", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("{\"kind\":\"watch\",\"watch\":{}}\n")]
    [InlineData("{\"kind\":\"watch\",\"watch\":{\"generations\":[null],\"counts\":null}}\n")]
    [InlineData("{\"kind\":\"watch\"}\n")]
    [InlineData("not JSON\n")]
    [InlineData("")]
    public async Task Watch_Garbled_EndsNothing(string said)
    {
        var watches = 0;
        using var service = new FakeControlSocket(SocketPath, request => Verb(request) != "watch" ? History()
            : ++watches < 3 ? said : Watch(7, null));
        Run();
        await SeeAsync(read => read.StartsWith("event: snapshot", StringComparison.Ordinal)
            && read.Contains("\"generation\":7", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Text_Hostile_IsCleanedInValuesAndNames()
    {
        const string hostile = "</script>\u001b[2J\u202e\u0000\u2028evil";
        var receipt = Receipt with
        {
            Reason = hostile,
            Output = [hostile],
            PhasesMs = new Dictionary<string, double> { [hostile] = 1 },
            Connections = new(1, 1, new Dictionary<string, int> { [hostile] = 1 }),
        };
        using var service = new FakeControlSocket(SocketPath, request => Verb(request) == "watch"
            ? Line(new ControlEvent("watch")
            {
                Watch = new WatchSnapshot(Start, 1, 1, hostile, hostile, Start, [new(1, 1, hostile) { Release = hostile }])
                {
                    Phase = hostile, Counts = new Dictionary<string, long> { [hostile] = 1 }, LastReceipt = receipt,
                },
            })
            : History(receipt));
        Run();
        await SeeAsync(read => read.StartsWith("event: history", StringComparison.Ordinal));
        await SeeAsync(read => read.StartsWith("event: snapshot", StringComparison.Ordinal));
        await SeeAsync(read => read.StartsWith("event: trace", StringComparison.Ordinal));
        foreach (var read in _read)
        {
            // One event is three lines, whatever is in it.
            Assert.Equal(3, read.Count(c => c == '\n'));
            using var json = JsonDocument.Parse(read.Split('\n')[1]["data: ".Length..]);
            Assert.All(Texts(json.RootElement), text => Assert.DoesNotContain(text, c => c is '\u001b' or '\u202e' or '\0' or '\u2028'));
        }

        Assert.Contains(_read, read => read.Contains("\\\\u001b[2J\\\\u202e", StringComparison.Ordinal)); // shown, as an escape
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        await _ending.CancelAsync();
        await _running.WaitAsync(Limits.Step);
        Directory.Delete(_folder, recursive: true);
    }

    public void Dispose()
    {
        _messages?.Dispose();
        _ending.Dispose();
    }

    private static ReloadReceipt Receipt { get; } = new("rolled-back", 10, 2, 20, 3, "It failed.", Start, 1200)
    {
        Output = ["the last words"],
    };

    private void Run(TimeSpan? patience = null)
    {
        var stream = _streams.TryOpen()!;
        _messages = stream;
        _running = new DashboardFeed(1, SocketPath, _streams, TimeProvider.System) { Patience = patience ?? TimeSpan.FromSeconds(5) }
            .RunAsync(_ending.Token);
    }

    private DashboardStreams.Stream? _messages;

    private async Task<string> SeeAsync(Func<string, bool> wanted)
    {
        for (var i = 0; ; i++)
        {
            while (i >= _read.Count) _read.Add(await _messages!.Messages.ReadAsync(_ending.Token).AsTask().WaitAsync(Limits.Step));
            if (wanted(_read[i])) return _read[i];
        }
    }

    private static string Verb(string request) => JsonDocument.Parse(request).RootElement.GetProperty("verb").GetString()!;

    private static string Watch(int generation, ReloadReceipt? last) => Line(new ControlEvent("watch")
    {
        Watch = new WatchSnapshot(Start, 10, generation, "Serving", "1.0", Start, [new(generation, 10, "serving") { Connections = 3 }])
        {
            LastReceipt = last,
        },
    });

    private static string History(params ReloadReceipt[] receipts) =>
        Line(new ControlEvent("history") { Final = true, History = receipts });

    private static string Line(ControlEvent said) => JsonSerializer.Serialize(said, ControlJson.Default.ControlEvent) + "\n";

    private static int Count(string text, string part) =>
        (text.Length - text.Replace(part, "", StringComparison.Ordinal).Length) / part.Length;

    private static IEnumerable<string> Texts(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => element.EnumerateObject().SelectMany(one => Texts(one.Value).Prepend(one.Name)),
        JsonValueKind.Array => element.EnumerateArray().SelectMany(Texts),
        JsonValueKind.String => [element.GetString()!],
        _ => [],
    };
}
