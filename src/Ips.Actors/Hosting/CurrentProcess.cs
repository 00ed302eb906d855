using System.Net;
using Ips.Actors.Configuration;
using Ips.Actors.Control;
using Ips.Actors.Files;
using Ips.Actors.Handover;
using Ips.Actors.Launch;
using Ips.Actors.Lifecycle;
using Ips.Actors.Listener;
using Ips.Actors.Posix;
using Ips.Actors.Supervise;
using Ips.Actors.Takeover;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Ips.Actors.Hosting;

/// <summary>The real process.</summary>
[SupportedOSPlatform("linux")]
internal sealed class CurrentProcess(
    GenerationContext generation, RuntimeFiles files, TakeoverSocket? takeover, ListenerTable listeners, IpsOptions options, IServer server,
    HostExit exit, ServiceRestart restart, IGenerationLauncher launcher, LostState state, TimeProvider time, ILogger log)
    : ICurrentProcess
{
    // Once: its folder may have been removed by the time that it is asked for.
    private readonly LastGoodRelease _release = LastGoodFile.Describe(generation, time.GetUtcNow());

    private bool _logGone, _handedOver;
    private LastGoodRelease? _previous; // the one that served before, once this is the main process

    /// <summary>The releases beside this one.</summary>
    public DeployedReleases Releases { get; } = new(generation.StartCommand, GenerationContext.EntryFile,
        AppContext.BaseDirectory);

    public int Pid => Environment.ProcessId;

    public int Generation => generation.Number;

    public string Release => GenerationContext.Release;

    /// <summary>The addresses that Kestrel serves, as URLs with their real ports.</summary>
    public IReadOnlyList<string> Endpoints => [.. server.Features.Get<IServerAddressesFeature>()?.Addresses ?? []];

    public IReadOnlyList<EndpointOffer> MovableEndpoints()
    {
        var secure = Endpoints.Where(url => url.StartsWith("https:", StringComparison.OrdinalIgnoreCase)).ToList();
        return
        [
            .. listeners.Entries
                .Where(entry => entry.Own is null && !secure.Exists(url => url.EndsWith(Suffix(entry.EndPoint), StringComparison.Ordinal)))
                .Select(entry => new EndpointOffer(entry.Key.Endpoint, entry.Key.Ordinal)),
        ];

        static string Suffix(EndPoint endPoint) => endPoint is IPEndPoint ip ? $":{ip.Port}" : $"unix:{endPoint}";
    }

    public IReadOnlyList<EndpointOffer> AcceptedEndpoints() =>
    [
        .. listeners.Entries.Where(entry => entry is { Own: null, MainOnly: false })
            .Select(entry => new EndpointOffer(entry.Key.Endpoint, entry.Key.Ordinal)),
    ];

    public string? KeptState => state.Kept;

    public Task RestartOver => restart.Over;

    private string? HistoryPath => files.PidFile is { } pidFile ? HistoryFile.PathOf(pidFile) : null;

    private string? LastGoodPath => files.PidFile is { } pidFile && options.Reload.LastGood ? LastGoodFile.PathOf(pidFile) : null;

    private LastGoodRelease OwnRelease => _release with { Since = time.GetUtcNow() };

    public void KeepSockets()
    {
        if (generation.Supervisor is not null || generation.Manager is not null)
        {
            return;
        }

        var entries = listeners.Entries;
        try
        {
            restart.Keep(
                new MainFrame(Pid, Generation, files.PidFile ?? "", [.. entries.Select(Offer)], Control: false, OwnRelease,
                    options.Reload.EnvFile),
                [.. entries.Select(entry => entry.Fd)], files.ControlFd);
        }
        catch (PosixException e)
        {
            log.SocketsNotKept(e.Message);
        }
    }

    public void DropSockets() => restart.Drop();

    public void RestartService(bool own) => restart.Start(own ? OwnRelease : ReadLastGood(), own ? Generation + 2 : Generation + 1,
        files.LockFd);

    public void PublishIdentity()
    {
        _handedOver = false;
        if (generation.HomeGroup is { } group) _ = Processes.TryJoinGroup(group); // false: nobody is left there whom a terminal could mean
        files.Publish(Pid);
        takeover?.Publish();
        ReopenRotatedLog();
        generation.Supervisor?.BecomeMain(
            generation.Number, files.PidFile ?? "", OwnRelease, options.Reload.EnvFile,
            () => ([.. listeners.Entries.Select(entry => (Offer(entry), entry.Fd))], files.ControlFd));
        if (LastGoodPath is { } path)
        {
            _previous = LastGoodFile.Before(OwnRelease, ReadLastGood());
            LastGoodFile.TryWrite(path, OwnRelease with { Previous = _previous }, log);
        }

        Releases.TellPin(log);
    }

    public void HandOverIdentity(bool toTakeover)
    {
        _handedOver = true;
        if (toTakeover)
        {
            generation.Supervisor?.Release(); // or it would listen on, and restart what serves elsewhere
        }
        else
        {
            generation.Supervisor?.Yield();
        }

        files.HandOver();
        takeover?.Retract();
    }

    public void RetractIdentity(bool handedOver)
    {
        takeover?.Retract();
        files.Retract(Pid, handedOver);
    }

    public void RenewIdentity() => files.Renew();

    public void ReportStarted() => StartReporter.ReportServing(Pid, Generation, Endpoints);

    public string? ReloadObstacle() => DotnetRun.Obstacle();

    public string? ReopenLog()
    {
        if (options.LogFile is { } path)
        {
            if (generation.Output is { } output)
            {
                output.Reopen(path);
            }
            else
            {
                StandardStreams.Redirect(path);
            }
        }

        return options.LogFile;
    }

    public ReleaseStamp? ReleaseInPlace() => launcher.InPlace();

    public Task<string?> PassOnReloadAsync(ReloadRequest request) => files.PidFile is null
        ? Task.FromResult<string?>("this service has no control socket (ips.pid-file)")
        : ReloadDelivery.DeliverAsync(files.ControlPath, request, time);

    public void KeepHistory(IReadOnlyList<ReloadReceipt> receipts)
    {
        if (HistoryInPlace() is { } path) HistoryFile.TryWrite(path, receipts, log);
    }

    public void AddToHistory(ReloadReceipt receipt)
    {
        if (HistoryInPlace() is { } path) HistoryFile.TryAdd(path, receipt, log);
    }

    public bool RestorePaths(IReadOnlyList<ReloadReceipt> history)
    {
        RestoreLog();
        Releases.TellPin(log); // the rollback wrote it after it had the answer
        if (LastGoodPath is { } lastGood && FileIdentity.OfPath(lastGood) is null)
            LastGoodFile.TryWrite(lastGood, OwnRelease with { Previous = _previous }, log);
        if (history.Count > 0 && HistoryPath is { } kept && FileIdentity.OfPath(kept) is null) KeepHistory(history);
        var door = takeover is not null && FileIdentity.OfPath(takeover.Path) is null;
        if (door)
        {
            takeover!.Publish(); // it says itself what goes wrong
            if (FileIdentity.OfPath(takeover.Path) is not null) log.PathRestored(takeover.Path);
        }

        return files.Restore(Pid) || door;
    }

    // Missing twice: a rotation moves it and sends SIGUSR1, or makes the next one itself, a moment later.
    private void RestoreLog()
    {
        if (options.LogFile is not { } path) return;
        try
        {
            var gone = FileIdentity.OfPath(path) is null;
            if (gone && _logGone)
            {
                ReopenLog();
                log.PathRestored(path);
                gone = false;
            }

            _logGone = gone;
        }
        catch (IOException e)
        {
            log.PathNotRestored(path, e.Message);
        }
    }

    /// <summary>The reloads of former generations, oldest first.</summary>
    public IReadOnlyList<ReloadReceipt> ReadHistory() => HistoryPath is not { } path ? []
        : HistoryFile.TryRead(path, log) is { Count: > 0 } kept ? kept
        : HistoryFile.TryRead(HistoryFile.PathBeside(files.PidFile!), log); // of an earlier build

    /// <summary>The release that last became the main process; null if nothing says which.</summary>
    public LastGoodRelease? ReadLastGood() =>
        files.PidFile is not { } pidFile ? null : LastGoodFile.TryRead(LastGoodFile.PathOf(pidFile), log)
            ?? (LastGoodFile.PathBeside(pidFile) is var former && former != LastGoodFile.PathOf(pidFile)
                ? LastGoodFile.TryRead(former, log) : null);

    // A successor that has moved the service to another PID file has removed this one: nothing is left at the old place.
    private string? HistoryInPlace() =>
        HistoryPath is { } path && (!_handedOver || FileIdentity.OfPath(path) is not null) ? path : null;

    private static EndpointOffer Offer(ListenerTable.Entry entry) => new(entry.Key.Endpoint, entry.Key.Ordinal, entry.External);

    // Who rotated the log just before the PID file named us has told the predecessor.
    private void ReopenRotatedLog()
    {
        try
        {
            if (generation.Output is not null)
            {
                ReopenLog();
            }
        }
        catch (IOException e)
        {
            log.LogReopenFailed(e.Message);
        }
    }

    public IReadOnlyList<string> CheckConfiguration() => options.CheckConfiguration?.Invoke() ?? [];

    public Task HostTold => exit.HostTold;

    public void StopHost() => exit.StopHost();

    public void Exit(ExitCode code)
    {
        files.Abandon(Pid);
        restart.Drop();
        listeners.RemoveLeftPaths(); // the last copies are closed
        exit.Request(code);
    }
}
