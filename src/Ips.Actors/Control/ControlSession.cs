using System.Net.Sockets;
using System.Text.Json;
using Akka.Actor;
using Ips.Actors.Handover;
using Ips.Actors.Launch;
using Ips.Actors.Lifecycle;
using Ips.Actors.Posix;
using Microsoft.Extensions.Logging;

namespace Ips.Actors.Control;

/// <summary>One client of the control socket: a request line in, event lines out.</summary>
/// <remarks>It is not restarted: a client that lost its session sees the connection close.</remarks>
[SupportedOSPlatform("linux")]
internal sealed class ControlSession : UntypedActor, IWithTimers
{
    private const int MaxRequestBytes = 4096;
    private static readonly TimeSpan RequestTimeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan SendTimeout = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan HealthLimit = TimeSpan.FromSeconds(3); // a check that hangs is reported within RequestTimeout

    private readonly NetworkStream _stream;
    private readonly Daemon _daemon;
    private readonly ILogger _log;
    private readonly (int Pid, int Uid, int Gid) _peer;
    private bool _waiting;
    private bool _pausing;
    private Watcher? _watcher;
    private bool _watchesHealth;

    public ControlSession(int fd, Daemon daemon, ILogger log)
    {
        (_daemon, _log) = (daemon, log);
        _peer = UnixSockets.PeerCredentials(fd);
        var socket = new Socket(new SafeSocketHandle(fd, ownsHandle: true));
        _stream = new NetworkStream(socket, ownsSocket: true);
    }

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case ControlRequest controlRequest: OnRequest(controlRequest); break;
            case Broken broken: End(new ControlEvent("error") { Message = broken.Reason }); break;
            case StatusGathered gathered: End(new ControlEvent("status") { Status = gathered.Status }); break;
            case LifecycleProtocol.Progress progress:
                Send(new ControlEvent("progress") { Message = progress.Message, WithinMs = progress.Within?.TotalMilliseconds });
                break;
            case LifecycleProtocol.ReloadPassedOn passed:
                End(new ControlEvent("passed-on") { Message = passed.Message, Ask = ControlRequest.For(passed.Ask) });
                break;
            case LifecycleProtocol.NotBegun instead: End(new ControlEvent(instead.Kind) { Message = instead.Message }); break;
            case LifecycleProtocol.ReloadFinished finished: End(new ControlEvent("receipt") { Receipt = finished.Receipt }); break;
            case LifecycleProtocol.HistoryReply reply:
                End(new ControlEvent("history") { History = reply.Receipts, Pending = reply.Pending });
                break;
            case LifecycleProtocol.PauseReply reply:
                End(reply.Refusal is { } refusal ? new ControlEvent("error") { Message = refusal }
                    : new ControlEvent(_pausing ? "paused" : "resumed"));
                break;
            case SnapshotDue: TakeSnapshot(); break;
            case SnapshotGathered gathered when _watcher is { } watcher:
                Send(new ControlEvent("watch")
                {
                    Watch = watcher.Take(gathered.Lifecycle, gathered.Load) with { Unhealthy = gathered.Health?.Reason },
                });
                break;
            case HandedOver when _watcher is not null:
                End(new ControlEvent("moved") { Message = "the successor is the main process: ask again" });
                break;
            case HandedOver: break; // its answer comes from here
            case Finish:
                if (_waiting)
                {
                    End(new ControlEvent("error") { Message = "the daemon is stopping" });
                }
                else
                {
                    Context.Stop(Self);
                }

                break;
            default: Unhandled(message); break;
        }
    }

    /// <summary>The actors and facts that sessions answer from.</summary>
    public sealed record Daemon(
        IActorRef Lifecycle, IActorRef Front, Func<IReadOnlyList<string>> Endpoints, int Pid, int Generation, string Release,
            DateTimeOffset StartedAt)
    {
        /// <summary>The release that <c>ips start --last-good</c> would start, if one is kept.</summary>
        public Func<LastGoodRelease?> LastGood { get; init; } = () => null;

        /// <summary>The releases beside the one that runs.</summary>
        public DeployedReleases? Releases { get; init; }

        /// <summary>Whether an operator has paused the service.</summary>
        public Func<bool> Paused { get; init; } = () => false;

        /// <summary>How the runtime on disk differs from the one that runs.</summary>
        public Func<string?> RuntimeChange { get; init; } = () => null;

        /// <summary>What the app tells a successor.</summary>
        public Func<IReadOnlyCollection<string>> Facts { get; init; } = () => [];

        /// <summary>The names of the app's health checks.</summary>
        public Func<IReadOnlyCollection<string>> Checks { get; init; } = () => [];

        /// <summary>What those who watch are told.</summary>
        public Watcher.Facts? Watched { get; init; }

        /// <summary>Where this service can be taken over; null if it cannot.</summary>
        public string? TakeoverSocket { get; init; }
    }

    /// <summary>Another process is the main one: who watches asks that.</summary>
    public sealed record HandedOver;

    /// <summary>The process ends: send the last line.</summary>
    public sealed record Finish;

    protected override void PreStart()
    {
        if (_peer.Uid != 0 && _peer.Uid != ProcessAttributes.EffectiveUserId)
        {
            _log.Denied(_peer.Pid, _peer.Uid);
            Self.Tell(new Broken("permission denied: only the daemon's own user and root may use its control socket"));
            return;
        }

        ReadRequestAsync(_stream).PipeTo(Self, failure: error => new Broken(error.GetBaseException().Message));
    }

    protected override void PostStop()
    {
        _watcher?.Dispose();
        _stream.Dispose();
    }

    private static async Task<object> ReadRequestAsync(NetworkStream stream)
    {
        using var deadline = new CancellationTokenSource(RequestTimeout);
        var buffer = new byte[MaxRequestBytes];
        var length = 0;
        while (length < buffer.Length)
        {
            var read = await stream.ReadAsync(buffer.AsMemory(length), deadline.Token).ConfigureAwait(false);
            var end = buffer.AsSpan(length, read).IndexOf((byte)'\n');
            if (end >= 0)
            {
                return JsonSerializer.Deserialize(buffer.AsSpan(0, length + end), ControlJson.Default.ControlRequest)
                    ?? throw new InvalidDataException("the request is null");
            }

            if (read == 0)
            {
                throw new InvalidDataException("the request has no line end");
            }

            length += read;
        }

        throw new InvalidDataException($"the request is longer than {MaxRequestBytes} bytes");
    }

    private void OnRequest(ControlRequest request)
    {
        _log.Requested(_peer.Pid, _peer.Uid, request.Verb);
        _waiting = true;
        switch (WireName.Parse<ControlVerb>(request.Verb))
        {
            case ControlVerb.Status:
                GatherStatusAsync().PipeTo(
                    Self, success: status => new StatusGathered(status), failure: error => new Broken(error.GetBaseException().Message));
                break;
            case ControlVerb.Reload: Reload(InPlace(request), "ips reload"); break;
            case ControlVerb.Check:
                var checking = $"ips reload --check (PID {_peer.Pid})";
                var check = new LifecycleProtocol.Reload(checking, CheckFirst: true, ReplyTo: Self, DryRun: true)
                {
                    Request = InPlace(request) with { Check = true }, // in whatever form it travels on, it stays a check
                };
                _daemon.Lifecycle.Tell(check);
                break;
            case ControlVerb.ReloadWith: ReloadWith(InPlace(request)); break;
            case ControlVerb.Deploy: Deploy(WithoutTerms(request), "ips deploy"); break;
            case ControlVerb.Rollback: Deploy(WithoutTerms(request), "ips rollback to"); break;
            case ControlVerb.DeployWith: Deploy(request, "ips deploy"); break;
            case ControlVerb.RollbackWith: Deploy(request, "ips rollback to"); break;
            case ControlVerb.CheckRelease: CheckRelease(request); break;
            case ControlVerb.ReloadOnce: ReloadOnce(request); break;
            case ControlVerb.Watch: BeginWatch(request); break;
            case ControlVerb.History: _daemon.Lifecycle.Tell(new LifecycleProtocol.GetHistory()); break;
            case ControlVerb.Pause or ControlVerb.Resume:
                _pausing = request.Verb == WireName.Of(ControlVerb.Pause);
                _daemon.Lifecycle.Tell(new LifecycleProtocol.Pause($"ips {request.Verb} (PID {_peer.Pid})", _pausing));
                break;
            case ControlVerb.Stop:
                _daemon.Lifecycle.Tell(new LifecycleEvent.StopRequested($"ips stop (PID {_peer.Pid})"));
                End(new ControlEvent("stopping") { Message = $"PID {_daemon.Pid} is stopping" });
                break;
            default:
                var known = string.Join(", ", WireName.All<ControlVerb>());
                End(new ControlEvent("error") { Message = $"unknown verb '{request.Verb}'; known are {known}" });
                break;
        }
    }

    private void BeginWatch(ControlRequest request)
    {
        const double least = 100, most = 60_000;
        if (_daemon.Watched is not { } facts || (request.IntervalMs ?? 1000) is not (>= least and <= most and var interval))
        {
            End(new ControlEvent("error")
            {
                Message = string.Create(System.Globalization.CultureInfo.InvariantCulture,
                    $"intervalMs is {request.IntervalMs}; it must be from {least} to {most}"),
            });
            return;
        }

        _watcher = new Watcher(facts, TimeProvider.System);
        _watchesHealth = request.Health;
        TakeSnapshot();
        var every = TimeSpan.FromMilliseconds(interval);
        Timers.StartPeriodicTimer(nameof(SnapshotDue), new SnapshotDue(), every, every);
    }

    private void TakeSnapshot() => GatherSnapshotAsync().PipeTo(Self, failure: error => new Broken(error.GetBaseException().Message));

    private async Task<SnapshotGathered> GatherSnapshotAsync()
    {
        var lifecycle = _daemon.Lifecycle.Ask<LifecycleProtocol.WatchReply>(new LifecycleProtocol.GetWatch(), RequestTimeout);
        var load = _daemon.Front.Ask<HttpFrontProtocol.Load>(new HttpFrontProtocol.GetLoad(), RequestTimeout);
        var health = _watchesHealth
            ? _daemon.Front.Ask<HttpFrontProtocol.Health>(new HttpFrontProtocol.GetHealth(HealthLimit), RequestTimeout) : null;
        return new(await lifecycle.ConfigureAwait(false), await load.ConfigureAwait(false),
            health is null ? null : await health.ConfigureAwait(false));
    }

    private void ReloadWith(ControlRequest request)
    {
        if (TermsFault(request) is { } fault) End(new ControlEvent("error") { Message = fault });
        else Reload(request, $"ips reload{(request.Check ? " --check" : "")}{Words(request)}");
    }

    private string? TermsFault(ControlRequest request) =>
        Unknown(request.Accept ?? [], _daemon.Facts()) is { } fact
            ? $"this service tells its successors nothing named '{fact.Name}', so there is nothing to accept; it tells {fact.Known}"
        : Unknown(request.IgnoreChecks ?? [], _daemon.Checks()) is { } check
            ? $"this service has no health check '{check.Name}'; it has {check.Known}" : null;

    private static string Words(ControlRequest request) => string.Concat([.. (request.Accept ?? []).Select(name => $" --accept-{name}"),
        .. (request.IgnoreChecks ?? []).Select(name => $" --ignore-check {name}")]);

    // It never waits for another reload: a newer request would take its place, and answer it as if its release were the one that serves.
    private void Deploy(ControlRequest request, string command)
    {
        if (_daemon.Releases is not { } releases)
        {
            End(new ControlEvent("error") { Message = "this service does not know its releases" });
            return;
        }

        if ((releases.Fault(request.Release) ?? TermsFault(request)) is { } fault)
        {
            End(new ControlEvent("error") { Message = fault });
            return;
        }

        var name = request.Release!;
        var deploy = new LifecycleProtocol.Reload($"{command} {name}{Words(request)} (PID {_peer.Pid})", ReplyTo: Self)
        {
            Request = request with
            {
                NoQueue = true,
                Check = false,
                Id = null,
                Folder = releases.FolderOf(name),
            },
        };
        _daemon.Lifecycle.Tell(deploy);
    }

    private void ReloadOnce(ControlRequest request)
    {
        if (OnceRequest.IdFault(request.Id) is { } fault) End(new ControlEvent("error") { Message = fault });
        else _daemon.Lifecycle.Tell(OnceRequest.ToReload(request, _daemon.Releases, _daemon.Release, _peer.Pid, Self));
    }

    private void CheckRelease(ControlRequest request)
    {
        if (request.Folder is not ['/', ..] || !Directory.Exists(request.Folder))
        {
            End(new ControlEvent("error")
            {
                Message = $"there is no folder '{request.Folder}' that this service can look into; name it by its absolute path",
            });
            return;
        }

        if (TermsFault(request) is { } fault)
        {
            End(new ControlEvent("error") { Message = fault });
            return;
        }

        var folder = Path.TrimEndingDirectorySeparator(Path.GetFullPath(request.Folder));
        var source = $"ips reload --check {folder}{Words(request)} (PID {_peer.Pid})";
        var check = new LifecycleProtocol.Reload(source, ReplyTo: Self, DryRun: true)
        {
            Request = request with { Check = true, Release = null, Folder = folder },
        };
        _daemon.Lifecycle.Tell(check);
    }

    private void Reload(ControlRequest request, string command)
    {
        var source = request.AskedBy is { } first ? $"{first}, passed on by PID {_peer.Pid}" : $"{command} (PID {_peer.Pid})";
        var reload = new LifecycleProtocol.Reload(source, CheckFirst: true, ReplyTo: Self, DryRun: request.Check)
        {
            Trigger = WireName.Parse<ReloadTrigger>(request.Trigger) ?? ReloadTrigger.Control,
            Request = request,
        };
        _daemon.Lifecycle.Tell(reload);
    }

    // Only the verbs that are made for it start another release than the one in place.
    private static ControlRequest InPlace(ControlRequest request) => request with { Release = null, Folder = null };

    private static ControlRequest WithoutTerms(ControlRequest request) => request with { Accept = null, IgnoreChecks = null };

    private static (string Name, string Known)? Unknown(IReadOnlyList<string> names, IReadOnlyCollection<string> known) =>
        names.FirstOrDefault(name => !known.Contains(name)) is { } name
            ? (name, known.Count == 0 ? "none" : string.Join(", ", known.Order(StringComparer.Ordinal))) : null;

    private async Task<DaemonStatus> GatherStatusAsync()
    {
        var lifecycle = _daemon.Lifecycle.Ask<LifecycleProtocol.StatusReply>(new LifecycleProtocol.GetStatus(), RequestTimeout);
        var load = _daemon.Front.Ask<HttpFrontProtocol.Load>(new HttpFrontProtocol.GetLoad(), RequestTimeout);
        var (state, counts) = (await lifecycle.ConfigureAwait(false), await load.ConfigureAwait(false));
        return new DaemonStatus(
            _daemon.Pid, _daemon.Generation, state.Shown ?? state.State, _daemon.Release, _daemon.StartedAt, _daemon.Endpoints(),
                counts.OpenConnections, counts.RunningRequests)
        {
            SuccessorPid = state.SuccessorPid,
            SuccessorState = state.SuccessorState,
            Phase = state.Phase,
            Pending = state.Pending,
            LastReload = state.LastReload,
            Deployment = _daemon.Releases?.Look(),
            LastGood = _daemon.LastGood(),
            Paused = _daemon.Paused(),
            RuntimeChange = _daemon.RuntimeChange(),
            TakeoverSocket = _daemon.TakeoverSocket,
        };
    }

    private void End(ControlEvent controlEvent)
    {
        Send(controlEvent with { Final = true });
        Context.Stop(Self);
    }

    // The kernel's buffer takes a line at once, so this waits only for a client that reads nothing; such a one is cut off after a second.
    private void Send(ControlEvent controlEvent)
    {
        try
        {
            byte[] line = [.. JsonSerializer.SerializeToUtf8Bytes(controlEvent, ControlJson.Default.ControlEvent), (byte)'\n'];
            _stream.WriteAsync(line).AsTask().WaitAsync(SendTimeout).GetAwaiter().GetResult();
        }
        catch (Exception e) when (e is IOException or TimeoutException)
        {
            _log.ClientGone(e.Message);
            Context.Stop(Self);
        }
    }

    private sealed record SnapshotDue;

    private sealed record SnapshotGathered(
        LifecycleProtocol.WatchReply Lifecycle, HttpFrontProtocol.Load Load, HttpFrontProtocol.Health? Health);

    private sealed record Broken(string Reason);

    private sealed record StatusGathered(DaemonStatus Status);
}
