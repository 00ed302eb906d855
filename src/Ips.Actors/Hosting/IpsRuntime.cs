using System.Diagnostics.Metrics;
using Akka.Actor;
using Akka.Hosting;
using Ips.Actors.Configuration;
using Ips.Actors.Control;
using Ips.Actors.Diagnostics;
using Ips.Actors.Files;
using Ips.Actors.Handover;
using Ips.Actors.HttpFront;
using Ips.Actors.Launch;
using Ips.Actors.Lifecycle;
using Ips.Actors.Listener;
using Ips.Actors.Posix;
using Ips.Actors.Predecessor;
using Ips.Actors.Reloader;
using Ips.Actors.SelfReload;
using Ips.Actors.Signals;
using Ips.Actors.Supervise;
using Ips.Actors.Systemd;
using Ips.Actors.Takeover;
using Ips.Actors.Transport;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Ips.Actors.Hosting;

/// <summary>Puts one generation together: what outlives the actors, then the actors.</summary>
[SupportedOSPlatform("linux")]
internal sealed class IpsRuntime(IServiceProvider services, IpsActorSystem actors) : IDisposable
{
    private static readonly TimeSpan DeathTimeout = TimeSpan.FromSeconds(1); // a process ends a moment after its descriptors are closed

    private static readonly TimeSpan RestoreInterval = TimeSpan.FromSeconds(10);

    private Parts? _parts;
    private Timer? _restore;

    /// <summary>Takes the PID lock and the handed-over sockets, then starts the actors.</summary>
    /// <exception cref="AlreadyRunningException">Another process holds the lock of the PID file that the configuration names.</exception>
    /// <exception cref="PosixException">A path cannot be used.</exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        try
        {
            _parts = Take();
        }
        catch (IOException e)
        {
            var message = KeyNames.In(services.GetRequiredService<IOptions<IpsOptions>>().Value, e.Message);
            FailureReport.Tell(message); // the app need not say so, and a predecessor sees but an exit
            if (message != e.Message) throw new IOException(message, e);
            throw;
        }

        await actors.StartAsync(
            services.GetRequiredService<ActorLoggers>().Create<IpsActorSystem>(), services.GetRequiredService<IHostApplicationLifetime>(),
            (system, registry) => Start(system, registry, _parts), cancellationToken).ConfigureAwait(false);
    }

    private Parts Take()
    {
        var loggers = services.GetRequiredService<ActorLoggers>();
        var options = services.GetRequiredService<IOptions<IpsOptions>>().Value;
        var generation = services.GetRequiredService<GenerationContext>();
        var log = loggers.Create<IpsRuntime>();
        var changes = Changes(generation, options);
        if (ConfigurationChange.Refusal(changes, Privileges.IsRoot) is { } refusal)
        {
            throw new IOException(refusal);
        }

        foreach (var change in changes)
        {
            log.ConfigurationChanged(change.Key, change.Old, change.New);
        }

        if (options.LogFile is { } logFile) OpenLog(logFile, generation);

        var (files, takeover) = Claim(generation, options, loggers.Create<RuntimeFiles>(), loggers.Create<TakeoverSocket>());
        if (generation.Number == 1) services.GetRequiredService<LostState>().Tell(log);
        TellOpenFiles(log, isFirst: generation.Number == 1);
        if (GenerationStart.UnknownLinks(generation.StartCommand) is [var link, ..])
        {
            log.WorkingDirectoryResolved(generation.StartCommand.WorkingDirectory, link);
        }

        if (Privileges.Dropped is { } user)
        {
            log.PrivilegesDropped(user);
        }

        var listenerLog = loggers.Create<ListenerTable>();
        var listeners = new ListenerTable(
            [.. generation.Offers, .. EarlySockets.Take()], options.Listener.Backlog, error => listenerLog.TellAcceptFailure(error),
            UnixAccess.Of(options.Listener.UnixMode, options.Listener.UnixOwner, options.Listener.UnixGroup))
        {
            FormerAccess = FormerAccess(generation.FormerSettings),
            MainOnly = [.. options.Listener.MainOnly, .. options.Listener.MoreMainOnly],
            Canary = new CanaryGate(services.GetRequiredService<ConnectionRegistry>()),
            Passed = generation.Activation,
            Supervisor = generation.Supervisor,
        };
        return new Parts(options, generation, files, takeover, listeners, services.GetRequiredService<IServer>());
    }

    private static void OpenLog(string logFile, GenerationContext generation)
    {
        try
        {
            if (generation.Output is { } output)
            {
                StandardStreams.CheckRedirect(logFile);
                output.LogFile = logFile;
            }
            else
            {
                StandardStreams.Redirect(logFile);
            }
        }
        catch (IOException e)
        {
            throw new IOException(
                $"The log file {logFile} cannot be opened: {e.Message.TrimEnd('.')}. ips.log-file names it.", e);
        }
    }

    private static IReadOnlyList<ConfigurationChange> Changes(GenerationContext generation, IpsOptions options) =>
        generation.FormerSettings is { } former ? ConfigurationChange.Between(former, FormerSettings.Of(options)) : [];

    private static UnixAccess? FormerAccess(IReadOnlyDictionary<string, string>? former)
    {
        return former is null ? null : UnixAccess.Of(Of("unix-mode"), Of("unix-owner"), Of("unix-group"));

        string? Of(string name) =>
            former.GetValueOrDefault($"ips.listener.{name}") is { } value and not ConfigurationChange.Unset ? value : null;
    }

    // Its predecessor sees the output of a successor that it has started, and its exit code; a takeover has to say what is wrong.
    private (RuntimeFiles, TakeoverSocket?) Claim(
        GenerationContext generation, IpsOptions options, ILogger filesLog, ILogger takeoverLog)
    {
        var files = (RuntimeFiles?)null;
        try
        {
            var members = options.Takeover.Socket is null ? null : TakeoverSocket.GroupOf(options.Takeover.Group);
            files = !generation.IsSuccessor ? ClaimFirst(generation, options.PidFile, members, filesLog)
                : (options.PidFile ?? generation.Welcome?.PidFile) is "" ? RuntimeFiles.None(filesLog)
                : AdoptFiles(generation, Path.GetFullPath(options.PidFile ?? generation.Welcome?.PidFile
                    ?? RuntimePaths.PidFileOf(generation) ?? DefaultPidFile(generation, filesLog)), members, filesLog);
            if (generation.IsTakeover) files.CheckOfTakeover(generation.Welcome?.LockFile);
            return (files, TakeoverSocket.Prepare(options.Takeover, isFirst: !generation.IsSuccessor, takeoverLog));
        }
        catch (IOException)
        {
            files?.Dispose();
            throw;
        }
    }

    // An app that names no PID file starts without one where the default cannot be used: another copy of it may run, or no folder be
    // writable.
    private RuntimeFiles ClaimFirst(GenerationContext generation, string? named, uint? members, ILogger log)
    {
        if (named is not null) return RuntimeFiles.Claim(Path.GetFullPath(named), log, members);
        try
        {
            return RuntimeFiles.Claim(DefaultPidFile(generation, log), log, members);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            log.FilesUnavailable(Environment.ProcessId, e.Message);
            return RuntimeFiles.None(log);
        }
    }

    private static RuntimeFiles AdoptFiles(GenerationContext generation, string pidFile, uint? members, ILogger log) =>
        RuntimePaths.FormerPidFile(generation, pidFile) is { } former
            ? RuntimeFiles.Move(pidFile, former, generation.LockFd, generation.ControlFd, log, members)
            : RuntimeFiles.Adopt(pidFile, generation.LockFd, generation.ControlFd, log, members);

    private string DefaultPidFile(GenerationContext generation, ILogger log) => RuntimePaths.DefaultPidFile(
        services.GetRequiredService<IHostEnvironment>().ApplicationName,
        generation.StartCommand.AppPath(GenerationContext.EntryFile), log.RunFolderReplaced);

    private void Start(ActorSystem system, IActorRegistry registry, Parts parts)
    {
        var exit = services.GetRequiredService<HostExit>();
        var log = services.GetRequiredService<ActorLoggers>().Create<ActorGuardian>();
        system.ActorOf(ActorProps.Of(() => new ActorGuardian(context => Compose(context, parts, registry), exit.Request, log)), "ips");
    }

    /// <summary>The app has started: fails if the service manager passed a socket that it does not listen on.</summary>
    /// <exception cref="SocketActivationException">The message names both sides.</exception>
    public async Task CheckEndpointsAsync(IActorRef listeners, CancellationToken cancellationToken)
    {
        if (_parts?.Generation.Activation is not null
            && (await listeners.Ask<ListenerProtocol.EndpointsChecked>(new ListenerProtocol.CheckEndpoints(), cancellationToken)
                .ConfigureAwait(false)).Error is { } error)
        {
            throw error;
        }
    }

    public void Dispose()
    {
        _restore?.Dispose();
        _parts?.Files.Dispose();
        _parts?.Takeover?.Dispose();
        _parts?.Listeners.Dispose();
    }

    private IActorRef[] Compose(IUntypedActorContext context, Parts parts, IActorRegistry registry)
    {
        var (options, generation, files, takeover, table, server) = parts;
        var loggers = services.GetRequiredService<ActorLoggers>();
        var frontState = services.GetRequiredService<FrontState>();
        frontState.Paused = generation.Welcome?.Paused ?? false;
        frontState.Terms = ReadinessTerms.Of(
            generation, options.Reload, DateTime.Now - System.Diagnostics.Process.GetCurrentProcess().StartTime, TimeProvider.System);
        frontState.Trace = generation.IsSuccessor ? IpsActivity.Parse(generation.Welcome?.TraceParent) : default;
        var checks = services.GetRequiredService<HealthCheckProbe>();
        var connections = services.GetRequiredService<ConnectionRegistry>();
        var role = services.GetRequiredService<GenerationRole>();
        var launcher = new ProcessGenerationLauncher(
            generation.StartCommand, options.Reload.EnvFile, generation.Supervisor, () => FormerSettings.Of(options),
                [options.LogFile, files.PidFile]);
        var process = new CurrentProcess(
            generation, files, takeover, table, options, server, services.GetRequiredService<HostExit>(),
            new ServiceRestart(generation.StartCommand, options.Reload.ReadyTimeout, loggers.Create<ServiceRestart>()), launcher,
            services.GetRequiredService<LostState>(), TimeProvider.System, loggers.Create<CurrentProcess>());
        var warmup = new AppWarmup(
            generation.IsSuccessor, services.GetRequiredService<HandoverConnectionFactory>(), services.GetRequiredService<AppPipeline>(),
            services.GetRequiredService<IHttpContextFactory>(), () => process.Endpoints,
            () => HealthPaths.Of(services), options.Warmup, TimeProvider.System, loggers.Create<AppWarmup>());
        var startedAt = new DateTimeOffset(System.Diagnostics.Process.GetCurrentProcess().StartTime);
        var memory = new LifecycleMemory(
            generation.IsSuccessor ? new LifecycleState.Joining() : generation.Orphaned ? new LifecycleState.Joining(Alone: true)
                : new LifecycleState.Starting())
        {
            Trace = generation.IsSuccessor ? new GenerationTrace(IpsActivity.Parse(generation.Welcome?.TraceParent), startedAt) : null,
            Notifier = generation.Manager is { } manager
                ? new ServiceNotifier(manager, new NotifySocket(manager.Socket), process.Pid, process.Generation, TimeProvider.System,
                    loggers.Create<ServiceNotifier>())
                : null,
        };
        if (!generation.IsTakeover) // the file is another user's; the predecessor tells what is in it
        {
            foreach (var receipt in process.ReadHistory()) memory.History.Remember(receipt);
        }

        var older = OlderGenerations.Open(generation.Welcome?.Generations ?? [], generation.PredecessorUser);
        memory.Meter = new ServiceMeter(
            services.GetService<IMeterFactory>()?.Create(ServiceMeter.MeterName) ?? new Meter(ServiceMeter.MeterName), memory,
            generation.Number, startedAt, () => older.Alive().Count);
        connections.Replayed = new ReplayReport(memory.Meter.Counts, loggers.Create<ReplayReport>()).Tell;
        frontState.Windows = new WindowMeter(() => connections.Open, TimeProvider.System);
        var link = new PredecessorLink(
            generation.Predecessor, TimeSpan.FromMilliseconds(generation.Welcome?.HealthIntervalMs
                ?? options.Reload.HealthInterval.TotalMilliseconds))
        {
            Meter = memory.Meter,
            Windows = frontState.Windows,
            Output = generation.Output,
            Version = generation.Welcome?.Version ?? HandoverVersion.Max,
            TakesTunnels = services.GetService<TunnelMark>() is not null,
            PredecessorTakesTunnels = generation.Welcome?.Tunnels ?? false,
            HasDied = older.Alive() is [.., var last] && last.Generation == generation.Number - 1 ? () =>
                older.HasEndedAsync(last, DeathTimeout) : () => Task.FromResult(false),
        };
        frontState.CloseIntake = link.CloseIntakeAsync;
        frontState.Accepts = () => table.Accepting;
        frontState.AcceptAsMain = table.AcceptAsMain;
        frontState.Latency = new RequestLatency(services.GetService<IMeterFactory>());
        frontState.LastReload = () => memory.History.LastReload;
        var slot = new SuccessorSlot
        {
            Meter = memory.Meter,
            Judge = new SuccessorJudge(frontState.Windows, options.Reload),
            Paused = () => frontState.Paused,
            TakesTunnels = services.GetService<TunnelMark>() is not null,
            Facts = () => generation.Facts,
            OwnHealth = () => OwnHealthAsync(checks),
            SharedFiles = pid => WrittenFiles.SharedBy(Environment.ProcessId, pid),
            Older = older,
            HealthUrl = options.Reload.HealthUrl is { } url ? MakeHealthUrl(new Uri(url)) : null,
            MakeHealthUrl = MakeHealthUrl,
        };
        HealthUrlClient MakeHealthUrl(Uri judging) => new(judging, HealthUrlTimeout(options.Reload.HealthInterval));

        var ledger = new MoveLedger();

        var lifecycle = context.ActorOf(ActorProps.Of(() =>
            new LifecycleActor(memory, process, options, TimeProvider.System, loggers.Create<LifecycleActor>())), "lifecycle");
        var listener = context.ActorOf(
            ActorProps.Of(() => new ListenerActor(table, lifecycle, loggers.Create<ListenerActor>())), "listener");
        var mover = context.ActorOf(ActorProps.Of(() =>
            new MoverActor(ledger, connections, frontState.Move, table.Canary!, lifecycle, TimeProvider.System,
                loggers.Create<MoverActor>())), "mover");
        var front = context.ActorOf(ActorProps.Of(() =>
            new HttpFrontActor(
                frontState, connections, role, warmup, checks, mover, lifecycle, loggers.Create<HttpFrontActor>())), "front");
        var reloader = context.ActorOf(ActorProps.Of(() => new ReloaderActor(
            slot, launcher, files, listener, mover, lifecycle, options, loggers.Create<ReloaderActor>())), "reloader");
        var predecessor = context.ActorOf(ActorProps.Of(() =>
            new PredecessorActor(link, files, front, listener, mover, lifecycle, loggers.Create<PredecessorActor>())), "predecessor");
        var runtime = RuntimeOnDisk.OfThisProcess(); // as it was when this process started
        var daemon = new ControlSession.Daemon(
            lifecycle, front, () => process.Endpoints, process.Pid, process.Generation, process.Release, startedAt)
        {
            RuntimeChange = () => runtime?.Change()?.What,
            LastGood = process.ReadLastGood,
            Releases = process.Releases,
            Paused = () => frontState.Paused,
            Facts = () => [.. generation.Facts.Keys],
            Checks = () => checks.Names,
            TakeoverSocket = takeover?.Path,
            Watched = Watched(process, startedAt, options.Reload.Probation, frontState) with
            {
                Older = older.Alive,
                SuccessorReport = () => slot.Report,
                PredecessorDrain = () => link.Draining,
                Counts = memory.Meter.Counts.ToSend,
            },
        };
        var control = context.ActorOf(ActorProps.Of(() => new ControlActor(files, daemon, loggers.Create<ControlActor>())), "control");
        IReadOnlyList<IActorRef> door = takeover is null
            ? [] : [context.ActorOf(
                ActorProps.Of(() => new TakeoverActor(takeover, lifecycle, loggers.Create<TakeoverActor>())), "takeover")];
        lifecycle.Tell(new LifecycleProtocol
            .Assemble(new LifecycleCast(listener, reloader, front, predecessor, control, door is [var one] ? one : null)));
        var signals = context.ActorOf(
            ActorProps.Of(() => new SignalActor(ProcessSignals.Register(), lifecycle, loggers.Create<SignalActor>())), "signals");

        _restore = new Timer(_ => lifecycle.Tell(new LifecycleProtocol.RestorePaths()), null, RestoreInterval, RestoreInterval);

        registry.Register<LifecycleActor>(lifecycle);
        registry.Register<HttpFrontActor>(front);
        registry.Register<ListenerProtocol>(listener);
        return [lifecycle, listener, mover, front, reloader, predecessor, control, signals, .. door,
            .. SelfReload(context, parts, lifecycle, startedAt, frontState, runtime)];
    }

    private IActorRef[] SelfReload(
        IUntypedActorContext context, Parts parts, IActorRef lifecycle, DateTimeOffset startedAt, FrontState front, RuntimeOnDisk? runtime)
    {
        if (SelfReloadRules.Of(parts.Options.Reload) is not { } rules) return [];
        var sight = SelfReloadSight.OfThisProcess(rules, parts.Generation.StartCommand, startedAt, runtime, () => front.Paused);
        var log = services.GetRequiredService<ActorLoggers>().Create<SelfReloadActor>();
        return [context.ActorOf(ActorProps.Of(() => new SelfReloadActor(rules, sight, lifecycle, log)), "self-reload")];
    }

    private static Watcher.Facts Watched(CurrentProcess process, DateTimeOffset startedAt, TimeSpan probation, FrontState front) =>
        new(process.Pid, process.Generation, process.Release, startedAt, probation)
        {
            Paused = () => front.Paused,
            BeginLatency = front.Latency is { } latency ? latency.Begin : null,
            TakeLatency = watch => ((RequestLatency.Watch)watch).Take(),
        };

    // Connections, files and the successor's sockets all need descriptors; at the limit clients wait, and a reload fails.
    // A successor has the limit of its predecessor: said once, unless it becomes scarce.
    private static void TellOpenFiles(ILogger log, bool isFirst)
    {
        const long scarce = 256;
        var (limit, open) = (OpenFiles.RaiseLimit(), FileDescriptors.CountOpen());
        if (isFirst) log.OpenFilesLimit(limit, open);
        if (limit - open < scarce)
        {
            log.OpenFilesScarce(limit - open, limit);
        }
    }

    // Anew, and not one of a second ago: what the successor has just failed may have begun to fail since.
    private static async Task<ProbeResult> OwnHealthAsync(HealthCheckProbe checks)
    {
        using var deadline = new CancellationTokenSource(HealthCheckProbe.ReadinessLimit);
        return await checks.CheckAsync(deadline.Token).ConfigureAwait(false);
    }

    // An answer that takes longer than the interval is late; below a second even a healthy one may be.
    private static TimeSpan HealthUrlTimeout(TimeSpan interval) => interval > TimeSpan.FromSeconds(1) ? interval : TimeSpan.FromSeconds(1);

    private sealed record Parts(IpsOptions Options, GenerationContext Generation, RuntimeFiles Files, TakeoverSocket? Takeover,
        ListenerTable Listeners, IServer Server);
}
