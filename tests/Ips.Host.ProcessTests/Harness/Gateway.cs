using System.Globalization;
using System.Text.RegularExpressions;
using Ips.Actors.Control;
using Ips.Actors.Diagnostics;
using Ips.Actors.Lifecycle;
using Ips.Testing.Load;
using Ips.Testing.Processes;

namespace Ips.Host.ProcessTests.Harness;

/// <summary>
/// The gateway on YARP with all its generations. It listens on three ports: plain HTTP/1.1, HTTP/2 by prior knowledge, and TLS with either.
/// It has no log of ours: what happened is asked of its control socket, or read from the console's lines as .NET writes them.
/// </summary>
internal sealed partial class Gateway : IAsyncDisposable
{
    private readonly string _pidFile;

    private Gateway(string folder, int backendPort, IReadOnlyList<string> more, int? openFiles)
    {
        _pidFile = Path.Combine(folder, "gateway.pid");
        var pfx = Path.Combine(folder, "gateway.pfx");
        File.WriteAllBytes(pfx, TestCertificate.MakePfx(out _));
        First = DaemonProcess.Start(openFiles is null ? Binaries.GatewayPath : "/bin/sh",
        [
            .. openFiles is null ? Array.Empty<string>() : ["-c", $"ulimit -n {openFiles}; exec \"$0\" \"$@\"", Binaries.GatewayPath],
            $"--Kestrel:Endpoints:Plain:Url=http://127.0.0.1:{Port}", "--Kestrel:Endpoints:Plain:Protocols=Http1",
            $"--Kestrel:Endpoints:Prior:Url=http://127.0.0.1:{PriorKnowledgePort}", "--Kestrel:Endpoints:Prior:Protocols=Http2",
            $"--Kestrel:Endpoints:Secure:Url=https://127.0.0.1:{TlsPort}",
            $"--Kestrel:Endpoints:Secure:Certificate:Path={pfx}",
                $"--Kestrel:Endpoints:Secure:Certificate:Password={TestCertificate.Password}",
            $"--Ips:PidFile={_pidFile}", "--Ips:GenerationHeader=true",
            // Times as ServiceSettings has them: a busy machine is no fault of a successor's.
            "--Ips:Reload:Probation=00:00:00", $"--Ips:Reload:ReadyTimeout={Limits.Step}", "--Ips:Reload:HealthInterval=00:00:05",
            // One line an event, with its id.
            "--Logging:Console:FormatterName=systemd", "--Logging:LogLevel:Default=Warning", "--Logging:LogLevel:Ips.Actors=Information",
            "--ReverseProxy:Routes:all:ClusterId=app", "--ReverseProxy:Routes:all:Match:Path={**path}",
            $"--ReverseProxy:Clusters:app:Destinations:one:Address=http://127.0.0.1:{backendPort}", .. more,
        ], Processes.Environment);
    }

    /// <summary>Plain HTTP/1.1, on 127.0.0.1.</summary>
    public int Port { get; } = FreePort.Next();

    /// <summary>HTTP/2 without TLS, on 127.0.0.1.</summary>
    public int PriorKnowledgePort { get; } = FreePort.Next();

    /// <summary>TLS: HTTP/1.1 or HTTP/2, on 127.0.0.1.</summary>
    public int TlsPort { get; } = FreePort.Next();

    public MarkedProcesses Processes { get; } = new();

    /// <summary>The process that was started: generation 1.</summary>
    public DaemonProcess First { get; }

    /// <summary>Whom the PID file names.</summary>
    public int MainPid => int.Parse(File.ReadAllText(_pidFile), CultureInfo.InvariantCulture);

    /// <summary>Starts it; returns when it serves.</summary>
    /// <param name="folder">An existing folder for its files.</param>
    /// <param name="backendPort">Where everything is forwarded to, on 127.0.0.1.</param>
    /// <param name="more">Further arguments.</param>
    public static Task<Gateway> StartAsync(string folder, int backendPort, params IReadOnlyList<string> more) =>
        StartAsync(folder, backendPort, openFiles: null, more);

    /// <summary>Starts it with a limit of open files for all generations; null for none.</summary>
    public static async Task<Gateway> StartAsync(string folder, int backendPort, int? openFiles, IReadOnlyList<string> more)
    {
        var gateway = new Gateway(folder, backendPort, more, openFiles);
        await Eventually.TrueAsync(() => File.Exists(gateway._pidFile), "a gateway that serves");
        return gateway;
    }

    /// <summary>Reloads it; returns when the successor is the main process.</summary>
    public async Task<ReloadReceipt> ReloadAsync()
    {
        var before = MainPid;
        var last = await AskAsync("reload");
        Assert.True(last.Receipt?.Outcome == "promoted",
            $"The reload of PID {before} ended as {last.Receipt?.Outcome}: {last.Receipt?.Reason ?? last.Message}\n{First.OutputTail()}");
        return last.Receipt!;
    }

    /// <summary>How the drain ended that came with a reload, once it has.</summary>
    public async Task<DrainCounts> WaitForDrainAsync(ReloadReceipt reload)
    {
        DrainCounts? drain = null;
        await Eventually.TrueAsync(
            async () => (drain = (await AskAsync("history")).History!.FirstOrDefault(receipt => receipt.NewPid == reload.NewPid)?.Drain)
                is not null, $"an end of the drain of PID {reload.OldPid}");
        return drain!;
    }

    /// <summary>What the control socket says.</summary>
    public async Task<DaemonStatus> StatusAsync() => (await AskAsync("status")).Status!;

    /// <summary>The messages of an event so far, of all generations.</summary>
    public IReadOnlyList<string> Messages(int eventId) =>
        [.. First.Lines.Select(line => ConsoleLine().Match(line.Text)).Where(line => line.Groups["id"].Value == $"{eventId}")
            .Select(line => line.Groups["message"].Value)];

    /// <summary>Waits until only the main process is left, and looks whether one of the others has cut a request, or any has logged an
    /// error.</summary>
    public async Task AssertPredecessorsEndedWellAsync()
    {
        Assert.Equal(0, await First.WaitForExitAsync(Limits.Step)); // 0: no request was cut at a deadline
        await Processes.WaitForOnlyAsync(MainPid);
        Assert.DoesNotContain(Messages(EventIds.Aborted), message => !message.StartsWith("Cut 0 ", StringComparison.Ordinal));
        Assert.DoesNotContain(First.Lines, line => ErrorLine().IsMatch(line.Text));
        Assert.All(Messages(EventIds.Exiting), message => Assert.StartsWith("Exiting with code 0 ", message, StringComparison.Ordinal));
    }

    /// <summary>Kills whatever is left of it.</summary>
    public async ValueTask DisposeAsync()
    {
        await Processes.KillAllAsync();
        await First.DisposeAsync();
    }

    private Task<ControlEvent> AskAsync(string verb) =>
        new ControlClient($"{_pidFile}.sock") { Timeout = Limits.Step, FirstEventTimeout = Limits.Step }.AskLastAsync(new(verb));

    [GeneratedRegex(@"^<\d>[^\[]*\[(?<id>\d+)\] (?<message>.*)$")]
    private static partial Regex ConsoleLine();

    [GeneratedRegex(@"^<[0-3]>")] // the journal's priorities: err and above
    private static partial Regex ErrorLine();
}
