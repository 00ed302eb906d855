using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Ips.Actors.Control;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Load;
using Ips.Testing.Processes;

namespace Ips.Host.ProcessTests.AppKinds;

/// <summary>A run of an app, with or without the line: started as its author starts it, with no setting of Ips but short times.</summary>
internal sealed partial class AppRun : IAsyncDisposable
{
    private readonly MarkedProcesses _processes = new();
    private readonly AppKind _kind;

    private AppRun(AppKind kind, AppPlace place, bool line, IReadOnlyList<string> more, Options options)
    {
        (_kind, Place) = (kind, place);
        if (!File.Exists(place.Certificate)) File.WriteAllBytes(place.Certificate, TestCertificate.MakePfx(out _));
        RunFolder = Directory.CreateDirectory(options.RunFolder ?? Path.Combine(place.Folder, "run"), UserOnly).FullName;
        var app = options.App ?? Binaries.AppKindsPath;
        Dictionary<string, string?> environment = new(_processes.Environment)
        {
            ["XDG_RUNTIME_DIR"] = RunFolder, ["RUNTIME_DIRECTORY"] = null, ["HOME"] = place.Folder, ["PWD"] = Path.GetDirectoryName(app),
        };
        foreach (var (name, value) in options.Environment) environment[name] = value;
        string[] noLine = line ? [] : ["--line=false"];
        First = DaemonProcess.Start(options.Prefix is [var program, ..] ? program : Binaries.DotNet,
            [
                .. options.Prefix.Skip(1), .. options.Prefix.Count > 0 ? [Binaries.DotNet] : Array.Empty<string>(), app,
                .. kind.Word is "" ? Array.Empty<string>() : [kind.Word], .. noLine, .. kind.Arguments(place), .. more,
            ], environment, Path.GetDirectoryName(app));
    }

    /// <summary>How a run differs from most.</summary>
    internal sealed record Options
    {
        /// <summary>The app's DLL; null for the one that was built.</summary>
        public string? App { get; init; }

        /// <summary>Where the default PID file goes; null for a folder of its own.</summary>
        public string? RunFolder { get; init; }

        /// <summary>A command that runs the app.</summary>
        public IReadOnlyList<string> Prefix { get; init; } = [];

        /// <summary>Further variables.</summary>
        public IReadOnlyDictionary<string, string?> Environment { get; init; } = new Dictionary<string, string?>();
    }

    public static UnixFileMode UserOnly => UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>The settings of Ips that the tests make: no probation, and limits that a busy machine keeps.</summary>
    public static IReadOnlyList<string> Quick { get; } =
        [
            "--Ips:Reload:Probation=00:00:00", $"--Ips:Reload:ReadyTimeout={Limits.Step}", "--Ips:Reload:HealthInterval=00:00:05",
            "--Ips:Drain:WebSocketSpread=00:00:00.500",
        ];

    public AppPlace Place { get; }

    /// <summary>Where the default PID file goes.</summary>
    public string RunFolder { get; }

    /// <summary>The process that was started.</summary>
    public DaemonProcess First { get; }

    public LoadTarget Target => _kind.Target(Place);

    public MarkedProcesses Processes => _processes;

    /// <summary>The PID file at its default path; null until there is one.</summary>
    public string? PidFile => field ??= Directory.GetFiles(RunFolder, "*.pid") is [var file] ? file : null;

    /// <summary>Starts an app of a kind.</summary>
    /// <param name="kind">The kind.</param>
    /// <param name="folder">Where its files go: made, if need be.</param>
    /// <param name="line">Whether it calls <c>AddIps()</c>.</param>
    /// <param name="more">Further arguments.</param>
    /// <param name="options">What is special.</param>
    public static AppRun Start(AppKind kind, string folder, bool line, IReadOnlyList<string>? more = null, Options? options = null) => new(
        kind, new AppPlace(Directory.CreateDirectory(folder).FullName, FreePort.Next(), FreePort.Next()), line,
        [.. line ? Quick : [], .. more ?? []], options ?? new Options());

    /// <summary>Waits until its socket is open: a request is answered from now on, if late.</summary>
    public Task WaitForListeningAsync() => Eventually.TrueAsync(async () =>
    {
        if (!ProcessTable.IsAlive(First.Pid))
            throw new InvalidOperationException($"{_kind.Name} has ended.{Environment.NewLine}{First.OutputTail()}");
        using var socket = Target.CreateSocket(null);
        try
        {
            await socket.ConnectAsync(Target.EndPoint);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }, $"an open socket of {_kind.Name}");

    /// <summary>Asks all that is asked of an app of its kind.</summary>
    /// <returns>The answers, without what is different each time.</returns>
    public async Task<IReadOnlyList<(string Request, string Answer)>> AskAllAsync()
    {
        List<(string, string)> answers = [];
        foreach (var request in _kind.Requests)
        {
            await using var connection = await HttpAsker.ConnectAsync(Target);
            var answer = await connection.AskAsync(request);
            answers.Add((request, _kind.Random is { } random ? Regex.Replace(answer, random, "…") : answer));
        }

        if (_kind.HasGrpc)
        {
            using var client = new HttpClient();
            answers.Add(("gRPC", await HttpAsker.CallGreeterAsync(client, Place.SecondPort)));
        }

        return answers;
    }

    /// <summary>Asks once.</summary>
    public async Task<string> AskAsync(string request)
    {
        await using var connection = await HttpAsker.ConnectAsync(Target);
        return await connection.AskAsync(request);
    }

    /// <summary>Sends SIGUSR2 to whom the PID file names; returns when the reload's outcome is in the history.</summary>
    /// <returns>Null if the successor is the main process, else the reason.</returns>
    public async Task<string?> TryReloadAsync()
    {
        var before = await HistoryCountAsync();
        var pid = MainPid;
        Assert.True(ProcessTable.Signal(pid, ProcessTable.SigUsr2), $"PID {pid} is gone.");
        ControlEvent? history = null;
        await Eventually.TrueAsync(async () => (history = await HistoryAsync())?.History is { } receipts && receipts.Count > before,
            $"an outcome of the reload of PID {pid}");
        var last = history!.History!.MaxBy(receipt => receipt.StartedAt)!;
        return last.Outcome == "promoted" ? null : last.Reason ?? last.Outcome;
    }

    /// <summary>How its reloads ended, oldest first.</summary>
    public async Task<IReadOnlyList<string>> OutcomesAsync()
    {
        ControlEvent? history = null;
        await Eventually.TrueAsync(async () => (history = await HistoryAsync()) is not null, "a control socket that answers");
        return [.. (history!.History ?? []).OrderBy(receipt => receipt.StartedAt).Select(receipt => receipt.Outcome)];
    }

    /// <summary>Whom the PID file names.</summary>
    public int MainPid => int.Parse(File.ReadAllText(PidFile ?? throw new FileNotFoundException("There is no PID file.")),
        CultureInfo.InvariantCulture);

    /// <summary>Sends a signal to the main process while one keep-alive connection is open.</summary>
    /// <returns>How long it took to end.</returns>
    public async Task<TimeSpan> EndAsync(int signal, int pid)
    {
        await using var idle = await HttpAsker.ConnectAsync(Target);
        await idle.AskAsync("GET /ping");
        using var client = new HttpClient();
        if (_kind.HasGrpc) await HttpAsker.CallGreeterAsync(client, Place.SecondPort);
        var clock = Stopwatch.StartNew();
        ProcessTable.Signal(pid, signal);
        await ProcessTable.WaitForEndAsync(pid, Limits.Step);
        return clock.Elapsed;
    }

    /// <summary>The warnings and errors on its output, and all of stderr, each once and without numbers.</summary>
    public IReadOnlyList<string> Complaints()
    {
        List<string> found = [];
        var lines = First.Lines;
        for (var i = 0; i < lines.Count; i++)
        {
            if (lines[i].IsError) found.Add($"stderr: {lines[i].Text}");
            else if (ConsoleHead().IsMatch(lines[i].Text)) found.Add($"{lines[i].Text} {lines.ElementAtOrDefault(i + 1)?.Text.Trim()}");
            else if (SerilogHead().IsMatch(lines[i].Text)) found.Add(lines[i].Text);
        }

        return [.. found.Select(line => Numbers().Replace(Guids().Replace(line, "#"), "#")).Distinct()];
    }

    /// <summary>How many lines of its output are about a request.</summary>
    public int RequestLines() => First.Lines.Count(line => RequestLine().IsMatch(line.Text));

    /// <summary>Kills whatever is left of it.</summary>
    public async ValueTask DisposeAsync()
    {
        await _processes.KillAllAsync();
        await First.DisposeAsync();
    }

    private async Task<int> HistoryCountAsync()
    {
        ControlEvent? history = null;
        await Eventually.TrueAsync(async () => (history = await HistoryAsync()) is not null, "a control socket that answers");
        return history!.History?.Count ?? 0;
    }

    // Null while the socket changes hands.
    private async Task<ControlEvent?> HistoryAsync()
    {
        try
        {
            return PidFile is { } pidFile
                ? await new ControlClient($"{pidFile}.sock") { Timeout = Limits.Step, FirstEventTimeout = Limits.Step }
                    .AskLastAsync(new("history"))
                : null;
        }
        catch (Exception e) when (e is IOException or SocketException or TimeoutException)
        {
            return null;
        }
    }

    [GeneratedRegex(@"^(warn|fail|crit): ")]
    private static partial Regex ConsoleHead();

    [GeneratedRegex(@"^\[[\d:]+ (WRN|ERR|FTL)\]")]
    private static partial Regex SerilogHead();

    [GeneratedRegex(@"Request starting|HTTP GET .* responded")]
    private static partial Regex RequestLine();

    [GeneratedRegex(@"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")]
    private static partial Regex Guids();

    [GeneratedRegex(@"\d+")]
    private static partial Regex Numbers();
}
