using System.Diagnostics;
using System.Globalization;
using Ips.Actors.Lifecycle;
using Ips.Host.Cli;

namespace Ips.Host.Tests.Cli;

public sealed class ClientActionsTests : IDisposable
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(30);

    private readonly string _folder = Directory.CreateTempSubdirectory("ips-client-").FullName;
    private readonly StringWriter _output = new() { NewLine = "\n" };
    private readonly StringWriter _error = new() { NewLine = "\n" };

    public void Dispose()
    {
        Directory.Delete(_folder, recursive: true);
        _output.Dispose();
        _error.Dispose();
    }

    [Fact]
    public async Task Status_Running_PrintsTableOrJson()
    {
        using var daemon = Daemon(_ => Status(7));
        Assert.Equal(CliExitCode.Ok, await RunAsync("status"));
        Assert.StartsWith("pid          7\ngeneration   2\n", _output.ToString(), StringComparison.Ordinal);

        _output.GetStringBuilder().Clear();
        Assert.Equal(CliExitCode.Ok, await RunAsync("status", "--json"));
        Assert.Equal("""{"pid":7,"generation":2"""
            + ""","state":"Serving","release":"1.0","startedAt":"2026-01-02T03:04:05+00:00","endpoints":["http://127.0.0.1:1"]"""
            + ""","openConnections":0,"runningRequests":0}""" + "\n", _output.ToString());
        Assert.Equal(["{\"verb\":\"status\"}", "{\"verb\":\"status\"}"], daemon.Requests);
    }

    [Theory]
    [Trait("issue", "16")]
    [InlineData("", 20)]
    [InlineData("--all", 30)]
    [InlineData("--since 3650d", 30)]
    [InlineData("--since 1h", 1)]
    public async Task History_OfMany_ShowsTheNewestUnlessAskedForMore(string options, int expected)
    {
        var old = string.Join(',', Enumerable.Range(1, 29).Select(i => Entry($"2026-01-02T03:04:{i:00}Z", i)));
        var now = Entry(DateTimeOffset.UtcNow.ToString("O", CultureInfo.InvariantCulture), 30);
        using var daemon = Daemon(_ => $$"""{"kind":"history","final":true,"history":[{{old}},{{now}}]}""" + "\n");
        Assert.Equal(CliExitCode.Ok, await RunAsync(["history", .. options.Split(' ', StringSplitOptions.RemoveEmptyEntries)]));
        var lines = _output.ToString().TrimEnd().Split('\n');
        Assert.Equal(expected, lines.Length - 1);
        Assert.Contains("(30)", lines[^1], StringComparison.Ordinal); // newest last

        _output.GetStringBuilder().Clear();
        Assert.Equal(CliExitCode.Ok, await RunAsync("history", "--json"));
        Assert.Equal(30, System.Text.Json.JsonDocument.Parse(_output.ToString()).RootElement.GetArrayLength()); // as ever

        static string Entry(string at, int pid) => $$"""
            {"outcome":"promoted","oldPid":7,"oldGeneration":1,"newPid":{{pid}},"newGeneration":2,"startedAt":"{{at}}","elapsedMs":1}
            """;
    }

    [Theory]
    [InlineData("promoted", CliExitCode.Ok, "Reloaded in 12 ms")]
    [InlineData("refused", CliExitCode.ReloadRefused, "Refused after 12 ms")]
    [InlineData("rolled-back", CliExitCode.ReloadRefused, "Rolled back after 12 ms")]
    [InlineData("stopped", CliExitCode.StoppedMeanwhile, "Stopped after 12 ms")]
    public async Task Reload_Outcome_IsReceiptAndExitCode(string outcome, int code, string text)
    {
        using var daemon = Daemon(_ => "{\"kind\":\"progress\",\"message\":\"spawned PID 9\",\"withinMs\":60000}\n" + Receipt(outcome));
        Assert.Equal(code, await RunAsync("reload"));
        Assert.StartsWith(text, _output.ToString(), StringComparison.Ordinal);
        Assert.Equal("spawned PID 9\n", _error.ToString());
        Assert.Equal(["{\"verb\":\"reload\"}"], daemon.Requests);
    }

    [Fact]
    public async Task Reload_PassedOn_AsksTheNextMainProcessWithAllThatItIsTold()
    {
        var passedOn = """
            {"kind":"passed-on","final":true,"message":"ask PID 9","ask":{"verb":"reload","id":"abc","waitedMs":1500,"tomorrow":1}}
            """;
        var answers = new Queue<string>([passedOn + "\n", "", Receipt("promoted", """, "requestId":"abc","waitedMs":1500""")]);
        using var daemon = Daemon(_ => answers.Dequeue());
        Assert.Equal(CliExitCode.Ok, await RunAsync("reload"));
        Assert.EndsWith("It waited 1.5 s for the reload before it.\n", _output.ToString(), StringComparison.Ordinal);
        Assert.Equal("ask PID 9\n", _error.ToString());
        var next = """{"verb":"reload","id":"abc","waitedMs":1500}""";
        Assert.Equal(["{\"verb\":\"reload\"}", next, next], daemon.Requests); // one that was cut off is asked again
    }

    [Fact]
    public async Task Reload_PassedOnToAnOlderBuild_SaysThatItCannotTell()
    {
        var answers = new Queue<string>(["{\"kind\":\"passed-on\",\"final\":true,\"ask\":{\"verb\":\"reload\",\"id\":\"abc\"}}\n",
            Receipt("refused")]);
        using var daemon = Daemon(_ => answers.Dequeue());
        Assert.Equal(CliExitCode.Failed, await RunAsync("reload"));
        Assert.Contains("passed on to PID 7, whose build cannot tell how it ends; 'ips history' shows it", _error.ToString(),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Reload_NoQueue_IsAskedFor()
    {
        using var daemon = Daemon(_ => Receipt("refused"));
        Assert.Equal(CliExitCode.ReloadRefused, await RunAsync("reload", "--no-queue"));
        Assert.Equal(["""{"verb":"reload","noQueue":true}"""], daemon.Requests);
    }

    // The same number, another process: it started after the reload.
    [Fact]
    public async Task Status_PidOfAReplacedProcessUsedAgain_FindsTheServiceAndSaysSo()
    {
        using var other = Process.Start(new ProcessStartInfo("cat") { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        await File.WriteAllTextAsync($"{_folder}/ips.pid", $"{Environment.ProcessId}\n");
        await File.WriteAllTextAsync($"{_folder}/ips.pid.history", Past(other.Id, 9, "2026-01-02T03:04:05Z") + Past(9,
            Environment.ProcessId, "2026-01-03T03:04:05Z"));
        using var daemon = Daemon(_ => Status(Environment.ProcessId));
        Assert.Equal(CliExitCode.Ok, await RunAsync("status", "--pid", $"{other.Id}"));
        Assert.Equal(
            $"PID {other.Id} was replaced by PID 9 at 2026-01-02T03:04:05Z, and that one, in the end, by PID {Environment.ProcessId}. "
            + $"The process that has PID {other.Id} now is another one.\n", _error.ToString());
        Assert.StartsWith($"pid          {Environment.ProcessId}\n", _output.ToString(), StringComparison.Ordinal);

        _error.GetStringBuilder().Clear();
        Assert.Equal(CliExitCode.Failed, await RunAsync("stop", "--pid", $"{other.Id}")); // nobody is stopped for a number
        Assert.Contains($"was replaced by PID 9", _error.ToString(), StringComparison.Ordinal);
        other.StandardInput.Close();
        Assert.True(other.WaitForExit(Bound));
    }

    [Fact]
    public async Task History_ServiceHasEnded_IsReadFromTheFile()
    {
        await File.WriteAllTextAsync($"{_folder}/ips.pid.history", Past(2147483646, 9,
            "2026-01-02T03:04:05Z") + "not a receipt\n{}\n" + Past(9, 11, "2026-01-03T03:04:05Z"));
        Assert.Equal(CliExitCode.Ok, await RunAsync("history"));
        Assert.Equal(3, _output.ToString().Trim().Split('\n').Length);
        Assert.Contains($"This is what it has kept in {_folder}/ips.pid.history:", _error.ToString(), StringComparison.Ordinal);

        _error.GetStringBuilder().Clear();
        Assert.Equal(CliExitCode.Ok, await RunAsync("history", "--pid", "2147483646")); // no machine has it
        Assert.Contains(
            "was replaced by PID 9 at 2026-01-02T03:04:05Z, and that one, in the end, by PID 11; that service does not run any more",
            _error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Follow_PidsUsedAgain_TakesTheNewestAndGoesForwardOnly()
    {
        IReadOnlyList<ReloadReceipt> history = [Promoted(7, 8), Promoted(8, 7), Promoted(7, 9),
            Promoted(9, 10) with { Outcome = "rolled-back" }, Promoted(9, 7)];
        Assert.Equal((9, 7), Succession.Follow(history, 7) is var (first, last) ? (first.NewPid, last.NewPid) : default);
        Assert.Equal((7, 7), Succession.Follow(history, 8) is var (one, other) ? (one.NewPid, other.NewPid) : default);
        Assert.Null(Succession.Follow(history, 10));

        static ReloadReceipt Promoted(int from, int to) => new("promoted", from, 1, to, 2, null, DateTimeOffset.UnixEpoch, 1);
    }

    [Fact]
    public async Task Reload_Json_IsTheReceipt()
    {
        using var daemon = Daemon(_ => Receipt("refused"));
        Assert.Equal(CliExitCode.ReloadRefused, await RunAsync("reload", "--json"));
        Assert.StartsWith("{\"outcome\":\"refused\",\"oldPid\":7,", _output.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{\"kind\":\"progress\"}\n", "it ended, or was killed, in the middle")]
    [InlineData("{\"kind\":\"error\",\"final\":true,\"message\":\"unknown verb\"}\n", "ips: unknown verb")]
    [InlineData("{\"kind\":\"odd\",\"final\":true}\n", "ended its answer with 'odd' and no receipt")]
    public async Task Reload_WithoutAReceipt_Fails(string answer, string message)
    {
        using var daemon = Daemon(_ => answer);
        Assert.Equal(CliExitCode.Failed, await RunAsync("reload"));
        Assert.Contains(message, _error.ToString(), StringComparison.Ordinal);
        Assert.Equal("", _output.ToString());
    }

    [Fact]
    [Trait("issue", "12")]
    public async Task Reload_OnTerms_AsksByAVerbThatAnOlderDaemonRefuses()
    {
        using var daemon = Daemon(_ =>
            "{\"kind\":\"error\",\"final\":true,\"message\":\"unknown verb 'reload-with'; known are status, reload\"}\n");
        Assert.Equal(CliExitCode.Failed, await RunAsync("reload", "--check", "--accept-store", "--ignore-check", "store",
            "--ignore-check", "other"));
        Assert.Equal(["{\"verb\":\"reload-with\",\"check\":true,\"accept\":[\"store\"],\"ignoreChecks\":[\"store\",\"other\"]}"],
            daemon.Requests);
        Assert.Contains("knows neither --accept-store nor --ignore-check", _error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Stop_Running_ReturnsWhenTheProcessHasEnded()
    {
        using var process = Process.Start(new ProcessStartInfo("cat") { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        using var daemon = Daemon(request =>
        {
            if (request.Contains("status", StringComparison.Ordinal)) return Status(process.Id);
            process.StandardInput.Close(); // ends cat
            return "{\"kind\":\"stopping\",\"final\":true,\"message\":\"draining 3 connections\",\"withinMs\":30000}\n";
        });
        Assert.Equal(CliExitCode.Ok, await RunAsync("stop"));
        Assert.Equal($"Process {process.Id} has ended.\n", _output.ToString());
        Assert.Equal("draining 3 connections\n", _error.ToString());
        Assert.True(process.WaitForExit(Bound));
    }

    [Fact]
    public async Task Stop_DaemonEndsBeforeItsAnswerIsOut_IsStillAStop()
    {
        using var process = Process.Start(new ProcessStartInfo("cat") { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        using var daemon = Daemon(request =>
        {
            if (request.Contains("status", StringComparison.Ordinal)) return Status(process.Id);
            process.StandardInput.Close();
            return "";
        });
        Assert.Equal(CliExitCode.Ok, await RunAsync("stop", "--json"));
        Assert.Equal($"{{\"stopped\":{process.Id}}}\n", _output.ToString());
    }

    [Fact]
    public async Task Stop_ProcessThatDoesNotEnd_FailsAtTheTimeout()
    {
        using var daemon = Daemon(request => request.Contains("status", StringComparison.Ordinal) ? Status(Environment.ProcessId)
            : "{\"kind\":\"stopping\",\"final\":true,\"withinMs\":600000}\n");
        Assert.Equal(CliExitCode.Failed, await RunAsync("stop", "--timeout", "3s"));
        Assert.Contains("has not ended within 3s", _error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Stop_Refused_PrintsTheReason()
    {
        using var daemon = Daemon(request => request.Contains("status", StringComparison.Ordinal) ? Status(Environment.ProcessId)
            : "{\"kind\":\"error\",\"final\":true,\"message\":\"not now\"}\n");
        Assert.Equal(CliExitCode.Failed, await RunAsync("stop"));
        Assert.Equal("ips: not now\n", _error.ToString());
    }

    [Theory]
    [InlineData("stop")]
    [InlineData("reload")]
    [InlineData("status")]
    public async Task Verb_NoPidFile_SaysNotRunning(string verb)
    {
        Assert.Equal(CliExitCode.Failed, await RunAsync(verb));
        Assert.Equal($"ips: No daemon is running: there is no PID file {_folder}/ips.pid.\n", _error.ToString());
    }

    [Theory]
    [InlineData("2147483647\n", "No daemon is running: the PID file {0}/ips.pid is stale, there is no process 2147483647.")]
    [InlineData("hello", "No daemon is running: the PID file {0}/ips.pid holds no process id.")]
    [InlineData("1", "Process 1, which the PID file {0}/ips.pid names, cannot be asked: There is no control socket {0}/ips.pid.sock.")]
    public async Task Verb_NoSocket_IsExplainedByThePidFile(string content, string message)
    {
        await File.WriteAllTextAsync($"{_folder}/ips.pid", content);
        Assert.Equal(CliExitCode.Failed, await RunAsync("status"));
        Assert.StartsWith("ips: " + string.Format(CultureInfo.InvariantCulture, message, _folder), _error.ToString(),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Verb_BrokenConfiguration_StillStopsIfThePidFileIsKnown()
    {
        await File.WriteAllTextAsync($"{_folder}/ips.conf", "ips { pid-file = run.pid, drain.timeout = 30 }");
        Assert.Equal(CliExitCode.Failed, await RunAsync("stop", "--config", "ips.conf"));
        Assert.Equal($"ips: No daemon is running: there is no PID file {_folder}/run.pid.\n", _error.ToString());

        _error.GetStringBuilder().Clear();
        await File.WriteAllTextAsync($"{_folder}/ips.conf", "ips { pid-file = run.pid");
        Assert.Equal(CliExitCode.Configuration, await RunAsync("stop", "--config", "ips.conf"));
        Assert.Contains($"{_folder}/ips.conf:1: the block that is opened here is never closed", _error.ToString(),
            StringComparison.Ordinal);
        Assert.Contains("--pid-file", _error.ToString(), StringComparison.Ordinal);

        _error.GetStringBuilder().Clear();
        Assert.Equal(CliExitCode.Failed, await RunAsync("stop", "--config", "ips.conf", "--pid-file", "b.pid"));
        Assert.Equal($"ips: No daemon is running: there is no PID file {_folder}/b.pid.\n", _error.ToString());
    }

    [Fact]
    public void Verb_ByPid_FindsTheSocketAmongTheDescriptors()
    {
        // Other tests of this process listen at sockets of their own.
        using var daemon = Daemon(_ => Status(7));
        Assert.Contains($"{_folder}/ips.pid.sock", ProcSockets.SocketsOf(Environment.ProcessId));
        Assert.EndsWith(".sock", ProcSockets.ControlSocketOf(Environment.ProcessId), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Verb_ByPidOfAProcessWithoutASocket_SaysSo()
    {
        using var process = Process.Start(new ProcessStartInfo("cat") { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        Assert.Equal(CliExitCode.Failed, await RunAsync("status", "--pid", process.Id.ToString(CultureInfo.InvariantCulture)));
        Assert.Contains($"Process {process.Id} has no control socket", _error.ToString(), StringComparison.Ordinal);
        process.StandardInput.Close();
        Assert.True(process.WaitForExit(Bound));

        _error.GetStringBuilder().Clear();
        Assert.Equal(CliExitCode.Failed, await RunAsync("status", "--pid", "2147483647"));
        Assert.Equal("ips: There is no process 2147483647.\n", _error.ToString());
    }

    [Theory]
    [InlineData(true)] // nobody accepts
    [InlineData(false)] // it answers who it is, and then no more
    public async Task Stop_HungDaemon_TakesTheTimeoutAndSaysWhatToDoNext(bool silent)
    {
        await File.WriteAllTextAsync($"{_folder}/ips.pid", $"{Environment.ProcessId}\n");
        using var hang = new ManualResetEventSlim();
        using var listener = silent ? Listening() : null;
        using var daemon = silent ? null : Daemon(request =>
        {
            if (request.Contains("stop", StringComparison.Ordinal)) hang.Wait(Bound);
            return Status(Environment.ProcessId);
        });
        var watch = Stopwatch.StartNew();
        Assert.Equal(CliExitCode.Failed, await RunAsync("stop", "--timeout", "400ms"));
        Assert.InRange(watch.Elapsed, TimeSpan.FromMilliseconds(390), TimeSpan.FromSeconds(8)); // the time of one question is 10 s
        hang.Set();
        Assert.Contains($"'kill -TERM {Environment.ProcessId}'", _error.ToString(), StringComparison.Ordinal);
        Assert.Contains($"'kill -KILL {Environment.ProcessId}'", _error.ToString(), StringComparison.Ordinal);
        Assert.Equal(1, _error.ToString().Count(c => c == '\n'));
    }

    private System.Net.Sockets.Socket Listening()
    {
        var listener = new System.Net.Sockets.Socket(System.Net.Sockets.AddressFamily.Unix, System.Net.Sockets.SocketType.Stream,
            System.Net.Sockets.ProtocolType.Unspecified);
        listener.Bind(new System.Net.Sockets.UnixDomainSocketEndPoint($"{_folder}/ips.pid.sock"));
        listener.Listen(8);
        return listener;
    }

    private FakeControlSocket Daemon(Func<string, string> answer) => new($"{_folder}/ips.pid.sock", answer);

    private Task<int> RunAsync(params string[] args)
    {
        var console = new CliConsole(_output, _error, _folder, TimeProvider.System);
        var actions = new CliActions(console, (_, _) => throw new InvalidOperationException("nothing is served here"),
            new FakeLauncher(_ => 1), () => new("/bin/ips", []));
        return CliParser.InvokeAsync(RootCommandFactory.Create(actions), args, _output, _error).WaitAsync(Bound);
    }

    private static string Status(int pid) =>
        $$$"""{"kind":"status","final":true,"status":{"pid":{{{pid}}},"generation":2"""
            + ""","state":"Serving","release":"1.0","startedAt":"2026-01-02T03:04:05Z","endpoints":["http://127.0.0.1:1"]"""
            + ""","openConnections":0,"runningRequests":0}}""" + "\n";

    private static string Receipt(string outcome, string more = "") =>
        $$"""{"kind":"receipt","final":true,"receipt":{{Past(7, 9, "2026-01-02T03:04:05Z", outcome, more).Trim()}}}""" + "\n";

    private static string Past(int from, int to, string at, string outcome = "promoted", string more = "") =>
        $$"""{"outcome":"{{outcome}}","oldPid":{{from}},"oldGeneration":1,"newPid":{{to}},"newGeneration":2,"""
        + $$""" "startedAt":"{{at}}","elapsedMs":12{{more}}}""" + "\n";
}
