using System.Text.Json;
using Ips.Actors.Configuration;
using Ips.Actors.Control;
using Ips.Actors.Diagnostics;
using Ips.Actors.Files;
using Ips.Actors.Lifecycle;
using Ips.Host.Cli.Live;
using Ips.Host.Configuration;
using Ips.Host.Inventory.Storage;
using Spectre.Console;

namespace Ips.Host.Cli;

/// <summary>The verbs that talk to a running daemon over its control socket.</summary>
internal sealed class ClientActions(CliConsole console)
{
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(15); // for the process to start, to be reaped, or to hear of a signal
    private static readonly TimeSpan StatusTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Least = TimeSpan.FromMilliseconds(1); // a limit of nothing is not offered

    private static readonly TimeSpan RetryInterval = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan DrawInterval = TimeSpan.FromMilliseconds(250);
    private bool _draws; // the block says what the lines would
    private const string OnTerms = "-with"; // how a verb with terms ends
    private const int MostHops = 100; // of a request that each main process passes on to the next

    /// <summary><c>ips status</c></summary>
    /// <exception cref="CliException">It could not be had.</exception>
    internal async Task<int> StatusAsync(StatusCommand command, CancellationToken cancellation)
    {
        var (address, _) = DaemonLocator.Find(command.Target, console.Directory, follow: true);
        if (address.Note is { } note) await console.Error.WriteLineAsync(TerminalText.Line(note));
        var status = await GetStatusAsync(address, cancellation);
        await console.Output.WriteLineAsync(command.Json
            ? JsonSerializer.Serialize(status, ControlJson.Default.DaemonStatus) : StatusText.Write(status, console.Time.GetUtcNow()));
        return CliExitCode.Ok;
    }

    /// <summary><c>ips history</c></summary>
    /// <exception cref="CliException">It could not be had.</exception>
    internal async Task<int> HistoryAsync(HistoryCommand command, CancellationToken cancellation)
    {
        var (address, _) = DaemonLocator.Find(command.Target, console.Directory, follow: true);
        if (address.Note is { } note) await console.Error.WriteLineAsync(TerminalText.Line(note));
        var (kept, pending) = await GetHistoryAsync(address, cancellation);
        var history = Shown(kept, command);
        await console.Output.WriteLineAsync(command.Json
            ? JsonSerializer.Serialize(history, ControlJson.Default.IReadOnlyListReloadReceipt) : HistoryText.Write(history, pending));
        return CliExitCode.Ok;
    }

    private List<ReloadReceipt> Shown(IReadOnlyList<ReloadReceipt> kept, HistoryCommand command)
    {
        var since = command.Since is { } back ? console.Time.GetUtcNow() - back : DateTimeOffset.MinValue;
        List<ReloadReceipt> shown = [.. kept.Where(receipt => receipt.StartedAt >= since)];
        return command.All || command.Json || command.Since is not null ? shown : [.. shown.TakeLast(HistoryCommand.Newest)];
    }

    // A service that has ended has left its history beside its PID file.
    private async Task<(IReadOnlyList<ReloadReceipt> History, PendingReload? Pending)> GetHistoryAsync(DaemonAddress address,
        CancellationToken cancellation)
    {
        var client = new ControlClient(address.SocketPath, console.Time) { Timeout = TimeSpan.FromSeconds(10) };
        try
        {
            var last = await AskAsync(client, address, new(ControlVerb.History), cancellation);
            var history = last.History
                ?? throw new CliException(CliExitCode.Failed, last.Message ?? $"The daemon answered '{last.Kind}' and no history.");
            return (history, last.Pending);
        }
        catch (CliException e) when (e.InnerException is ControlException
        { Failure: ControlFailure.SocketMissing or ControlFailure.NobodyListens }
            && address.PidFile is not null && File.Exists(HistoryFile.Find(address.PidFile)))
        {
            var path = HistoryFile.Find(address.PidFile!);
            try
            {
                var kept = HistoryFile.TryRead(path) ?? [];
                await console.Error.WriteLineAsync(TerminalText.Line($"{e.Message} This is what it has kept in {path}:"));
                return (kept, null);
            }
            catch (IOException unreadable)
            {
                throw new CliException(CliExitCode.Failed, $"{e.Message} Its history cannot be read: {unreadable.Message}");
            }
        }
    }

    /// <summary>The receipt of a request by its id; null if the service has none.</summary>
    /// <exception cref="CliException">It cannot be asked.</exception>
    internal async Task<ReloadReceipt?> FindReceiptAsync(DaemonAddress address, string id, CancellationToken cancellation) =>
        (await GetHistoryAsync(address, cancellation)).History.LastOrDefault(receipt => receipt.RequestId == id);

    /// <summary><c>ips reload</c></summary>
    /// <exception cref="CliException">The outcome could not be had.</exception>
    internal async Task<int> ReloadAsync(ReloadCommand command, CancellationToken cancellation)
    {
        var (address, settings) = DaemonLocator.Find(command.Target, console.Directory);
        var receipt = await GetReceiptAsync(address, settings, RequestOf(command), command.Timeout, command.Json, cancellation);
        return await ShowAsync(receipt, command.Json);
    }

    /// <summary>Asks for a reload of some kind, and waits for its outcome.</summary>
    /// <exception cref="CliException">The outcome could not be had.</exception>
    internal async Task<ReloadReceipt> GetReceiptAsync(DaemonAddress address, DaemonSettings settings, ControlRequest request,
        TimeSpan? timeout, bool json, CancellationToken cancellation)
    {
        var last = await GetAnswerAsync(address, settings, request, timeout, json, cancellation);
        return last.Receipt
            ?? throw new CliException(CliExitCode.Failed,
                last.Message ?? $"The daemon ended its answer with '{last.Kind}' and no receipt.");
    }

    /// <summary>The same, where the answer may be that there is nothing to do.</summary>
    /// <returns>The last event: <c>receipt</c>, <c>serving</c>, or any of another build.</returns>
    /// <exception cref="CliException">The outcome could not be had.</exception>
    internal async Task<ControlEvent> GetAnswerAsync(DaemonAddress address, DaemonSettings settings, ControlRequest request,
        TimeSpan? timeout, bool json, CancellationToken cancellation)
    {
        var limit = timeout ?? LimitOf(settings);
        var start = console.Time.GetTimestamp();
        ControlClient Client() => new(address.SocketPath, console.Time)
        {
            Timeout = timeout is null ? limit : Left(limit, start), DaemonSetsTimeout = timeout is null,
        };
        var once = request.Verb == new ControlRequest(ControlVerb.ReloadOnce).Verb;
        var asked = once ? AskNextAsync(Client, address, request, cancellation) : AskAsync(Client(), address, request, cancellation);
        if (!json && LiveBlock.Terminal(error: true) is { } terminal) await DrawAsync(terminal, address, asked);
        var last = await asked;
        if (last.Message is { } message && message.StartsWith($"unknown verb '{request.Verb}'", StringComparison.Ordinal))
        {
            throw new CliException(CliExitCode.Failed,
                $"The running daemon is of a release that {Unknown(request.Verb)} ({message}). Nothing was reloaded.");
        }

        for (var hops = 0; last is { Kind: "passed-on", Ask: { } next } && hops < MostHops; hops++)
        {
            Progress(last);
            request = next;
            last = await AskNextAsync(Client, address, next, cancellation);
        }

        if (last.Kind == "error") throw new CliException(CliExitCode.Failed, last.Message ?? "The daemon answered an error and no reason.");
        if (!once && request.Id is not null && last.Receipt is { Ended: ReloadOutcome.Refused } receipt && receipt.RequestId != request.Id)
        {
            throw new CliException(CliExitCode.Failed,
                $"The reload was passed on to PID {receipt.OldPid}, whose build cannot tell how it ends; "
                + "'ips history' shows it when it is over.");
        }

        return last;
    }

    /// <summary>Prints a receipt.</summary>
    /// <returns>The exit code that stands for its outcome.</returns>
    internal async Task<int> ShowAsync(ReloadReceipt receipt, bool json)
    {
        await console.Output.WriteLineAsync(json ? JsonSerializer.Serialize(receipt, ControlJson.Default.ReloadReceipt)
            : ReceiptText.Write(receipt));
        return CodeOf(receipt);
    }

    /// <summary>The exit code that stands for an outcome.</summary>
    internal static int CodeOf(ReloadReceipt receipt) => receipt.Ended switch
    {
        ReloadOutcome.Promoted or ReloadOutcome.Checked => CliExitCode.Ok,
        ReloadOutcome.Stopped => CliExitCode.StoppedMeanwhile,
        _ => CliExitCode.ReloadRefused,
    };

    /// <summary>How long a reload may take by the configuration.</summary>
    internal static TimeSpan LimitOf(DaemonSettings settings) =>
        settings.Ips.Reload.ReadyTimeout + settings.Ips.Reload.LongestProbation + (2 * settings.Ips.Reload.KillTimeout) + Margin;

    private static string Unknown(string verb) =>
        verb.EndsWith(OnTerms, StringComparison.Ordinal)
            ? $"knows neither --accept-store nor --ignore-check of 'ips {verb[..^OnTerms.Length]}'"
        : verb == new ControlRequest(ControlVerb.CheckRelease).Verb ? "cannot check a folder"
        : verb == new ControlRequest(ControlVerb.ReloadOnce).Verb ? "cannot be reloaded by a fleet" : $"does not know 'ips {verb}'";

    // The request has an id: it counts once, however often it is sent and whichever process passes it on.
    private async Task<ControlEvent> AskNextAsync(Func<ControlClient> client, DaemonAddress address, ControlRequest request,
        CancellationToken cancellation)
    {
        return await Retrying(() => AskAsync(client(), address, request, cancellation), cancellation);
    }

    /// <summary>Asks again, within bounds, while nobody is there to answer: a process that was replaced, or has crashed and is started
    /// again. Only for what may be asked twice.</summary>
    internal async Task<T> Retrying<T>(Func<Task<T>> ask, CancellationToken cancellation)
    {
        for (long? failing = null; ;)
        {
            try
            {
                return await ask();
            }
            catch (CliException e) when (console.Time.GetElapsedTime(failing ??= console.Time.GetTimestamp()) < Margin
                && e.InnerException is ControlException
                { Failure: ControlFailure.SocketMissing or ControlFailure.NobodyListens or ControlFailure.DaemonGone })
            {
                await Task.Delay(RetryInterval, console.Time, cancellation);
            }
        }
    }

    private TimeSpan Left(TimeSpan limit, long start) =>
        limit - console.Time.GetElapsedTime(start) is var left && left > TimeSpan.FromMilliseconds(1) ? left : TimeSpan.FromMilliseconds(1);

    // Terms come by a verb of their own: a daemon that does not know them answers an error, and reloads nothing.
    private ControlRequest RequestOf(ReloadCommand command) => command is { CheckFolder: { } folder }
        ? new(ControlVerb.CheckRelease)
        {
            Folder = Path.GetFullPath(folder, console.Directory), TraceParent = TraceParent,
            Accept = command.Terms.Accept, IgnoreChecks = command.Terms.Ignored,
        }
        : command.Terms.ForTheJudge ? ReloadWith(command.Terms) with { Check = command.Check, NoQueue = command.Terms.NoQueue }
        : new(command.Check ? ControlVerb.Check : ControlVerb.Reload) { NoQueue = command.Terms.NoQueue, TraceParent = TraceParent };

    /// <summary>A reload to the release in place, on the operator's terms.</summary>
    internal static ControlRequest ReloadWith(OperatorTerms terms) =>
        new(ControlVerb.ReloadWith) { Accept = terms.Accept ?? [], IgnoreChecks = terms.IgnoreChecks, TraceParent = TraceParent };

    private Task DrawAsync(IAnsiConsole terminal, DaemonAddress address, Task until)
    {
        _draws = true;
        var snapshots = new WatchFollower(
            () => new ControlClient(address.SocketPath, console.Time) { Timeout = WatchFollower.Longest }, DrawInterval, console.Time);
        return LiveBlock.DrawAsync(terminal, snapshots, until);
    }

    // Of a deploy pipeline that traces itself, if there is one.
    internal static string? TraceParent => Environment.GetEnvironmentVariable("TRACEPARENT") is { } parent
        && IpsActivity.Parse(parent) != default ? parent : null;

    /// <summary><c>ips pause</c> and <c>ips resume</c></summary>
    /// <exception cref="CliException">It was refused, or nobody answered.</exception>
    internal async Task<int> PauseAsync(PauseCommand command, CancellationToken cancellation)
    {
        var (address, _) = DaemonLocator.Find(command.Target, console.Directory);
        var client = new ControlClient(address.SocketPath, console.Time) { Timeout = TimeSpan.FromSeconds(10) };
        var last = await AskAsync(client, address, new(command.Paused ? ControlVerb.Pause : ControlVerb.Resume), cancellation);
        if (last.Kind is not ("paused" or "resumed"))
            throw new CliException(CliExitCode.Failed, last.Message ?? $"The daemon answered '{last.Kind}' and no reason.");
        await console.Output.WriteLineAsync(command.Paused ? "Paused: readiness fails, accepting goes on." : "Resumed: readiness passes.");
        return CliExitCode.Ok;
    }

    /// <summary><c>ips stop</c></summary>
    /// <exception cref="CliException">It could not be stopped, or did not end in time.</exception>
    internal async Task<int> StopAsync(StopCommand command, CancellationToken cancellation)
    {
        var start = console.Time.GetTimestamp();
        var (address, settings) = DaemonLocator.Find(command.Target, console.Directory);
        // One limit for all of it. Without one, a daemon that does not even say who it is has the usual time of a question.
        var pid = (await GetStatusAsync(address, cancellation, command.Timeout, () =>
            NextForHung(command.Target.Pid ?? RunningPid(address)))).Pid;
        var watch = ProcessWatch.TryOpen(pid)
            ?? throw new CliException(CliExitCode.Failed,
                $"Process {pid} answers but cannot be seen from here, so its end could not be waited for (another PID namespace?). "
                + "Nothing was stopped.");

        var limit = command.Timeout ?? (settings.Ips.Drain.LameDuck + settings.Ips.Drain.Timeout + Margin);
        var client = new ControlClient(address.SocketPath, console.Time) { Timeout = Left(), DaemonSetsTimeout = command.Timeout is null };
        try
        {
            var last = await AskAsync(client, address, new(ControlVerb.Stop), cancellation, goneIsFine: true, () => NextForHung(pid));
            if (last is { Kind: "error" }) throw new CliException(CliExitCode.Failed, last.Message
                ?? $"Process {pid} refused to stop and gave no reason.");
            if (last.WithinMs is { } within && command.Timeout is null) limit = console.Time.GetElapsedTime(start)
                + TimeSpan.FromMilliseconds(within) + Margin;
            if (last.Message is not null) await console.Error.WriteLineAsync(last.Message);
        }
        catch (ControlException e) when (e.Failure == ControlFailure.DaemonGone)
        {
            // It may have ended before its answer was out. Whether it did is seen below.
        }

        if (!await watch.WaitForEndAsync(Left(), console.Time, cancellation))
        {
            throw new CliException(CliExitCode.Failed,
                $"Process {pid} was told to stop but has not ended within {DurationText.Format(limit)}; it may still drain. --timeout "
                    + "sets this limit, ips.drain.timeout the daemon's. "
                + "Next: 'ips status' shows what it waits for, a second 'ips stop' cuts the requests that still run, and 'kill -KILL "
                    + $"{pid}' ends it at once.");
        }
        await console.Output.WriteLineAsync(command.Json ? $$"""{"stopped":{{pid}}}""" : $"Process {pid} has ended.");
        return CliExitCode.Ok;

        TimeSpan Left() => limit - console.Time.GetElapsedTime(start) is var left && left > Least ? left : Least;
    }

    private static int? RunningPid(DaemonAddress address) => address.PidFile is { } file ? DaemonLocator.RunningPid(file) : null;

    private static string NextForHung(int? pid) => pid is null ? ""
        : $" It may hang. Next: 'kill -TERM {pid}' tells it by signal to stop, and 'kill -KILL {pid}' ends it at once, with the requests "
            + "that it still has.";

    internal async Task<DaemonStatus> GetStatusAsync(
        DaemonAddress address, CancellationToken cancellation, TimeSpan? limit = null, Func<string>? hung = null)
    {
        var client = new ControlClient(address.SocketPath, console.Time)
        {
            Timeout = limit is { } given && given < StatusTimeout ? given
            : StatusTimeout
        };
        var last = await AskAsync(client, address, new(ControlVerb.Status), cancellation, hung: hung);
        return last.Status ?? throw new CliException(CliExitCode.Failed, last.Message
            ?? $"The daemon answered '{last.Kind}' and no status.");
    }

    private async Task<ControlEvent> AskAsync(ControlClient client, DaemonAddress address, ControlRequest request,
        CancellationToken cancellation, bool goneIsFine = false, Func<string>? hung = null)
    {
        try
        {
            // One line for a person, whatever the peer makes of it. The texts of a status or a receipt are cleaned where they are laid out.
            var last = await client.AskLastAsync(request, Progress, cancellation);
            return last with
            {
                Kind = TerminalText.Line(last.Kind),
                Message = last.Message is { } message ? TerminalText.Line(message) : null
            };
        }
        catch (ControlException e) when (!goneIsFine || e.Failure != ControlFailure.DaemonGone)
        {
            var next = e.Failure == ControlFailure.TimedOut ? hung?.Invoke() : null;
            throw new CliException(CliExitCode.Failed, $"{DaemonLocator.Explain(address, e)}{next}", e);
        }
    }

    private void Progress(ControlEvent step)
    {
        if (step.Message is not null && !_draws) console.Error.WriteLine(TerminalText.Line(step.Message));
    }
}
