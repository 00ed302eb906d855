using System.Globalization;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Ips.Actors.Control;
using Ips.Actors.Lifecycle;
using Ips.Host.ProcessTests.Harness;
using Ips.Host.ProcessTests.Receipts;
using Ips.Testing.Processes;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests;

/// <summary>A terminal shows what others said, and is never commanded by it: neither by a peer on the control socket, nor by a release or a
/// file.</summary>
public sealed class HostileTextTests(ITestOutputHelper output) : ReceiptTest(output)
{
    // Clears the screen, sets the title, goes back to the line's start; C1's CSI, DEL; turns the direction of text around; begins lines;
    // half a surrogate pair.
    private const string Hostile =
        "evil\u001b[2J\u001b]0;title\u0007\r\b\u009b31m\u007f\u202e\u2066\u200f\u2028\u0000\nips: forged\ud83d";

    public static TheoryData<string> Verbs => ["status", "history", "reload", "reload --check", "pause", "resume", "stop"];

    [Theory, Trait("issue", "11")]
    [MemberData(nameof(Verbs))]
    public async Task Verb_HostileAnswer_CommandsNoTerminal(string verb)
    {
        var pidFile = Path.Combine(Folder, "hostile.pid");
        await using var ended = DaemonProcess.Start("/bin/sleep", ["600"]);
        using var daemon = new HostileSocket($"{pidFile}.sock", request => Answer(request, ended.Pid, asError: false));
        string[] timeout = verb == "stop" ? ["--timeout", "1s"] : [];
        var result = await RawCommand.RunAsync([.. verb.Split(' '), "--pid-file", pidFile, .. timeout]);
        AssertHarmless(result);
        Assert.Contains("evil", Text(result), StringComparison.Ordinal); // it was shown, and harmless
        Assert.Contains("\\u001b[2J", Text(result), StringComparison.Ordinal);
    }

    [Theory, Trait("issue", "11")]
    [MemberData(nameof(Verbs))]
    public async Task Verb_HostileError_CommandsNoTerminal(string verb)
    {
        var pidFile = Path.Combine(Folder, "hostile.pid");
        using var daemon = new HostileSocket($"{pidFile}.sock", request => Answer(request, Environment.ProcessId, asError: true));
        var result = await RawCommand.RunAsync([.. verb.Split(' '), "--pid-file", pidFile]);
        Assert.NotEqual(0, result.ExitCode);
        AssertHarmless(result);
        Assert.Contains("evil\\u001b[2J", Text(result), StringComparison.Ordinal);
    }

    [Theory, Trait("issue", "11")]
    [InlineData("status")]
    [InlineData("history")]
    [InlineData("reload")]
    public async Task Json_HostileAnswer_IsWholeAndHarmless(string verb)
    {
        var pidFile = Path.Combine(Folder, "hostile.pid");
        using var daemon = new HostileSocket($"{pidFile}.sock", request => Answer(request, Environment.ProcessId, asError: false));
        var result = await RawCommand.RunAsync(verb, "--json", "--pid-file", pidFile);
        AssertHarmless(result);
        using var json = JsonDocument.Parse(result.Output);
        // a program gets what was said
        Assert.Contains(Strings(json.RootElement), text => text.Contains("\u001b[2J", StringComparison.Ordinal));
    }

    [Theory, Trait("issue", "11")]
    [InlineData("{\"kind\":\"\u001b[2J\u009b\u202e\n")]
    [InlineData("\u001b[2J\u009b\u202e\n")]
    [InlineData("\u001b[2J\u009b\u202e")]
    [InlineData("null\n")]
    [InlineData("{\"kind\":null,\"final\":true}\n")]
    public async Task Status_AnswerThatIsNone_CommandsNoTerminal(string answer)
    {
        var pidFile = Path.Combine(Folder, "hostile.pid");
        using var daemon = new HostileSocket($"{pidFile}.sock", _ => answer);
        var result = await RawCommand.RunAsync("status", "--pid-file", pidFile);
        Assert.Equal(1, result.ExitCode);
        AssertHarmless(result);
    }

    [Fact, Trait("issue", "11")]
    public async Task LastGood_HostileFile_CommandsNoTerminal()
    {
        var pidFile = Path.Combine(Folder, "ips.pid");
        var release = new LastGoodRelease(Hostile, "/nowhere/evil\u001b[2J", [], "/", ["/nowhere/ips"], "/", 1, DateTimeOffset.UnixEpoch);
        var text = JsonSerializer.Serialize(release, ControlJson.Default.LastGoodRelease);
        await File.WriteAllTextAsync($"{pidFile}.last-good", text);
        var result = await RawCommand.RunAsync("start", "--last-good", "--pid-file", pidFile, "--directory", Folder);
        Assert.Equal(1, result.ExitCode);
        AssertHarmless(result);
        Assert.Contains("evil\\u001b[2J", Text(result), StringComparison.Ordinal);
    }

    [Fact, Trait("issue", "11")]
    public async Task Configuration_HostileValue_CommandsNoTerminal()
    {
        var file = Path.Combine(Folder, "hostile.conf");
        await File.WriteAllTextAsync(file, "ips.store.path = \"evil\\u001b[2J\\u202e\"\nips.log-file = \"evil\\u009b2J\"\n");
        foreach (var verb in new[] { "check", "doctor" })
            AssertHarmless(await RawCommand.RunAsync(verb, "--config", file, "--directory", Folder));
        await File.WriteAllTextAsync(file, "ips.drain.timeout = \"evil\\u001b[2J\"\n");
        foreach (var verb in new[] { "check", "doctor", "run", "start", "supervise" })
            AssertHarmless(await RawCommand.RunAsync(verb, "--config", file, "--directory", Folder));
        AssertHarmless(await RawCommand.RunAsync("\u001b[2J"));
    }

    // A real daemon, and a release that lies about its name, its failure and in its output.
    [Fact, Trait("issue", "11")]
    public async Task Reload_HostileRelease_CommandsNoTerminalAndForgesNoLine()
    {
        Put("good");
        var service = await StartAsync();
        const string escapes = "evil\\\\u001b[2J\\\\u009b\\\\u202e\\\\u007f\\\\nips: forged";
        Put("evil", $$"""
            printf '{"type":"hello","min":1,"max":1,"pid":%d,"release":"{{escapes}}"}' $$ >&3
            dd of=/dev/null bs=131072 count=1 status=none <&3
            printf 'evil\033[2J\302\233\342\200\256\177\nips: forged\n'
            printf '{"type":"failed","reason":"{{escapes}}"}' >&3
            exec sleep 600
            """, serves: false);
        var reload = await RawCommand.RunAsync("reload", "--config", service.ConfigFile);
        Assert.Equal(4, reload.ExitCode);
        Assert.Contains("evil\\u001b[2J", Text(reload), StringComparison.Ordinal);
        AssertHarmless(reload);
        foreach (var verb in new[] { "history", "status" }) AssertHarmless(await RawCommand.RunAsync(verb, "--config", service.ConfigFile));

        // The output was passed on as the release wrote it; every other line of the log is the daemon's, whole and clean.
        foreach (var line in File.ReadLines(service.Log.Path).Where(line => line.StartsWith('{')))
        {
            AssertHarmless(line);
            JsonDocument.Parse(line).Dispose();
        }
    }

    private static string Answer(string request, int pid, bool asError)
    {
        var verb = JsonNode.Parse(request)!["verb"]!.GetValue<string>();
        if (asError) return Event(new("error") { Message = Hostile });
        var receipt = new ReloadReceipt(Hostile, 7, 1, 9, 2, Hostile, DateTimeOffset.UnixEpoch, 12)
        {
            OldRelease = Hostile, NewRelease = Hostile, Output = [Hostile], PhasesMs = new Dictionary<string, double> { [Hostile] = 1 },
        };
        var good = new LastGoodRelease(Hostile, Hostile, [], "/", [Hostile], "/", 1, DateTimeOffset.UnixEpoch);
        return verb switch
        {
            "status" => Event(new("status")
            {
                Status = new(pid, 2, Hostile, Hostile, DateTimeOffset.UnixEpoch, [Hostile], 0, 0)
                {
                    TakeoverSocket = Hostile, LastReload = receipt, LastGood = good,
                },
            }),
            "history" => Event(new("history") { History = [receipt, receipt] }),
            "reload" or "check" => Line(new("progress") { Message = Hostile }) + Event(new("receipt") { Receipt = receipt }),
            "stop" => Event(new("stopping") { Message = Hostile, WithinMs = 100 }),
            _ => Line(new("progress") { Message = Hostile }) + Event(new(Hostile)),
        };
    }

    private static string Event(ControlEvent final) => Line(final with { Final = true });

    // As a hostile peer sends it: JSON's own escapes, which the client undoes.
    private static string Line(ControlEvent one) => JsonSerializer.Serialize(one, ControlJson.Default.ControlEvent) + "\n";

    private static void AssertHarmless(RawCommand result)
    {
        AssertHarmless(Encoding.UTF8.GetString(result.Output));
        AssertHarmless(Encoding.UTF8.GetString(result.Errors));
        Assert.DoesNotContain(Text(result).Split('\n'), line => line.StartsWith("ips: forged", StringComparison.Ordinal));
    }

    private static void AssertHarmless(string text)
    {
        foreach (var c in text)
        {
            Assert.False(
                c is (< ' ' and not ('\n' or '\t')) or (>= '\u007f' and < '\u00a0') or '\u061c' or '\u200e' or '\u200f'
                    or (>= '\u2028' and <= '\u202e') or (>= '\u2066' and <= '\u2069'),
                string.Create(CultureInfo.InvariantCulture, $"U+{(int)c:X4} is in {JsonSerializer.Serialize(text)}"));
        }
    }

    private static string Text(RawCommand result) => Encoding.UTF8.GetString([.. result.Output, .. result.Errors]);

    private static IEnumerable<string> Strings(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.String => [element.GetString()!],
        JsonValueKind.Array => element.EnumerateArray().SelectMany(Strings),
        JsonValueKind.Object => element.EnumerateObject().SelectMany(property => Strings(property.Value)),
        _ => [],
    };

    /// <summary>A control socket that answers each request with what the test gives.</summary>
    private sealed class HostileSocket : IDisposable
    {
        private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);

        public HostileSocket(string path, Func<string, string> answer)
        {
            _listener.Bind(new UnixDomainSocketEndPoint(path));
            _listener.Listen(8);
            _ = ServeAsync(answer); // ends with the listener; a client that gets no answer fails its test
        }

        public void Dispose() => _listener.Dispose();

        private async Task ServeAsync(Func<string, string> answer)
        {
            while (true)
            {
                using var client = await _listener.AcceptAsync();
                await using var stream = new NetworkStream(client);
                using var reader = new StreamReader(stream, leaveOpen: true);
                await stream.WriteAsync(Encoding.UTF8.GetBytes(answer((await reader.ReadLineAsync())!)));
            }
        }
    }
}
