using System.Text.Json;
using Ips.Actors.Configuration;
using Ips.Actors.Control;
using Ips.Host.Configuration;

namespace Ips.Host.Cli;

/// <summary>The verbs that talk to a running daemon over its control socket.</summary>
internal sealed class ClientActions(CliConsole console)
{
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(15); // for the process to start, to be reaped, or to hear of a signal

    /// <summary><c>ips status</c></summary>
    /// <exception cref="CliException">It could not be had.</exception>
    internal async Task<int> StatusAsync(StatusCommand command, CancellationToken cancellation)
    {
        var (address, _) = DaemonLocator.Find(command.Target, console.Directory);
        var status = await GetStatusAsync(address, cancellation);
        await console.Output.WriteLineAsync(command.Json
            ? JsonSerializer.Serialize(status, ControlJson.Default.DaemonStatus) : StatusText.Write(status, console.Time.GetUtcNow()));
        return CliExitCode.Ok;
    }

    /// <summary><c>ips history</c></summary>
    /// <exception cref="CliException">It could not be had.</exception>
    internal async Task<int> HistoryAsync(HistoryCommand command, CancellationToken cancellation)
    {
        var (address, _) = DaemonLocator.Find(command.Target, console.Directory);
        var client = new ControlClient(address.SocketPath, console.Time) { Timeout = TimeSpan.FromSeconds(10) };
        var last = await AskAsync(client, address, new("history"), cancellation);
        var history = last.History ?? throw new CliException(CliExitCode.Failed, last.Message ?? $"The daemon answered '{last.Kind}' and no history.");
        await console.Output.WriteLineAsync(command.Json
            ? JsonSerializer.Serialize(history, ControlJson.Default.IReadOnlyListReloadReceipt) : HistoryText.Write(history));
        return CliExitCode.Ok;
    }

    /// <summary><c>ips reload</c></summary>
    /// <exception cref="CliException">The outcome could not be had.</exception>
    internal async Task<int> ReloadAsync(ReloadCommand command, CancellationToken cancellation)
    {
        var (address, settings) = DaemonLocator.Find(command.Target, console.Directory);
        var limits = settings.Ips.Reload;
        var client = new ControlClient(address.SocketPath, console.Time)
        {
            Timeout = command.Timeout ?? (limits.ReadyTimeout + limits.Probation + (2 * limits.KillTimeout) + Margin),
            DaemonSetsTimeout = command.Timeout is null,
        };
        var last = await AskAsync(client, address, new(command.Check ? "check" : "reload"), cancellation);
        if (last.Receipt is not { } receipt)
            throw new CliException(CliExitCode.Failed, last.Message ?? $"The daemon ended its answer with '{last.Kind}' and no receipt.");

        await console.Output.WriteLineAsync(command.Json ? JsonSerializer.Serialize(receipt, ControlJson.Default.ReloadReceipt) : ReceiptText.Write(receipt));
        return receipt.Outcome is ReceiptText.Promoted or ReceiptText.Checked ? CliExitCode.Ok : CliExitCode.ReloadRefused;
    }

    /// <summary><c>ips pause</c> and <c>ips resume</c></summary>
    /// <exception cref="CliException">It was refused, or nobody answered.</exception>
    internal async Task<int> PauseAsync(PauseCommand command, CancellationToken cancellation)
    {
        var (address, _) = DaemonLocator.Find(command.Target, console.Directory);
        var client = new ControlClient(address.SocketPath, console.Time) { Timeout = TimeSpan.FromSeconds(10) };
        var last = await AskAsync(client, address, new(command.Paused ? "pause" : "resume"), cancellation);
        if (last.Kind is not ("paused" or "resumed"))
            throw new CliException(CliExitCode.Failed, last.Message ?? $"The daemon answered '{last.Kind}' and no reason.");
        await console.Output.WriteLineAsync(command.Paused ? "Paused: readiness fails, accepting goes on." : "Resumed: readiness passes.");
        return CliExitCode.Ok;
    }

    /// <summary><c>ips stop</c></summary>
    /// <exception cref="CliException">It could not be stopped, or did not end in time.</exception>
    internal async Task<int> StopAsync(StopCommand command, CancellationToken cancellation)
    {
        var (address, settings) = DaemonLocator.Find(command.Target, console.Directory);
        var pid = (await GetStatusAsync(address, cancellation)).Pid;
        var watch = ProcessWatch.TryOpen(pid)
            ?? throw new CliException(CliExitCode.Failed, $"Process {pid} answers but cannot be seen from here, so its end could not be waited for (another PID namespace?). Nothing was stopped.");

        var start = console.Time.GetTimestamp();
        var limit = command.Timeout ?? (settings.Ips.Drain.LameDuck + settings.Ips.Drain.Timeout + Margin);
        var client = new ControlClient(address.SocketPath, console.Time) { Timeout = limit, DaemonSetsTimeout = command.Timeout is null };
        try
        {
            var last = await AskAsync(client, address, new("stop"), cancellation, goneIsFine: true);
            if (last is { Kind: "error" }) throw new CliException(CliExitCode.Failed, last.Message ?? $"Process {pid} refused to stop and gave no reason.");
            if (last.WithinMs is { } within && command.Timeout is null) limit = console.Time.GetElapsedTime(start) + TimeSpan.FromMilliseconds(within) + Margin;
            if (last.Message is not null) await console.Error.WriteLineAsync(last.Message);
        }
        catch (ControlException e) when (e.Failure == ControlFailure.DaemonGone)
        {
            // It may have ended before its answer was out. Whether it did is seen below.
        }

        var left = limit - console.Time.GetElapsedTime(start);
        if (!await watch.WaitForEndAsync(left, console.Time, cancellation))
        {
            throw new CliException(CliExitCode.Failed,
                $"Process {pid} was told to stop but has not ended within {DurationText.Format(limit)}; it may still drain. --timeout sets this limit, ips.drain.timeout the daemon's.");
        }
        await console.Output.WriteLineAsync(command.Json ? $$"""{"stopped":{{pid}}}""" : $"Process {pid} has ended.");
        return CliExitCode.Ok;
    }

    private async Task<DaemonStatus> GetStatusAsync(DaemonAddress address, CancellationToken cancellation)
    {
        var client = new ControlClient(address.SocketPath, console.Time) { Timeout = TimeSpan.FromSeconds(10) };
        var last = await AskAsync(client, address, new("status"), cancellation);
        return last.Status ?? throw new CliException(CliExitCode.Failed, last.Message ?? $"The daemon answered '{last.Kind}' and no status.");
    }

    private async Task<ControlEvent> AskAsync(ControlClient client, DaemonAddress address, ControlRequest request, CancellationToken cancellation, bool goneIsFine = false)
    {
        try
        {
            return await client.AskLastAsync(request, Progress, cancellation);
        }
        catch (ControlException e) when (!goneIsFine || e.Failure != ControlFailure.DaemonGone)
        {
            throw new CliException(CliExitCode.Failed, DaemonLocator.Explain(address, e));
        }
    }

    private void Progress(ControlEvent step)
    {
        if (step.Message is not null) console.Error.WriteLine(step.Message);
    }
}
