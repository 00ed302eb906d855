using System.Globalization;
using Ips.Actors.Diagnostics;
using Ips.Testing.Load;
using Ips.Testing.Processes;

namespace Ips.Host.ProcessTests.Harness;

/// <summary>How far a reload has come, each a point at which a process may die or be told to stop.</summary>
public enum ReloadPhase
{
    /// <summary>The successor runs, and has not said hello.</summary>
    Spawned,

    /// <summary>It has said hello, which nobody has read.</summary>
    Greeted,

    /// <summary>It was welcomed and has the listening sockets; its app is starting.</summary>
    Welcomed,

    /// <summary>It has said ready, and was not told to accept.</summary>
    Ready,

    /// <summary>It accepts; the predecessor can take the role back.</summary>
    Probation,

    /// <summary>The successor has failed on probation, and finishes a running request; the predecessor accepts again.</summary>
    RollingBack,

    /// <summary>The predecessor has said promote; the successor has not acknowledged.</summary>
    Promoting,

    /// <summary>The successor is the main process, and has read from none of the connections that the predecessor has sent it.</summary>
    Moving,

    /// <summary>The successor is the main process; the predecessor drains, held by a running request.</summary>
    Draining,
}

/// <summary>A reload from generation 1 to 2 that is held in a phase until it is let go. Processes are held by marks in the release, or
/// stopped by SIGSTOP while what they were sent waits for them. The strict load runs all the time.</summary>
internal sealed class HeldReload : IAsyncDisposable
{
    private const string Good = "good", Held = "held";
    private const string NoProbation = """ "Ips": { "Reload": { "Probation": "00:00:00" } } """;

    // What a test does to a successor on probation must be done before its promotion. To stop it at once takes less than what a test may do
    // then.
    private static readonly TimeSpan TimeToAct = TimeSpan.FromSeconds(10), TimeToStop = TimeSpan.FromSeconds(3);

    private readonly Releases _releases;
    private readonly List<int> _stopped = [];
    private RawClient? _longRequest;
    private StrictLoad? _load;

    private HeldReload(Service service, Releases releases) => (Service, _releases) = (service, releases);

    public Service Service { get; }

    public int Predecessor { get; private set; }

    public int Successor { get; private set; }

    /// <summary>Null for a service that is not asked over TCP.</summary>
    public StrictLoad Load => _load!;

    /// <summary>What generation 1 had open before the reload, and may have under the load.</summary>
    public IReadOnlyList<string> Descriptors { get; private set; } = [];

    /// <summary>What a later generation may have.</summary>
    public IReadOnlyList<string> DescriptorsOfSuccessors => FaultScene.AfterReload(Descriptors, ofFirst: true, Service);

    /// <summary>The request that holds the predecessor in <see cref="ReloadPhase.Draining"/>, and the successor in
    /// <see cref="ReloadPhase.RollingBack"/>.</summary>
    public RawClient LongRequest => _longRequest!;

    /// <summary>Where the log stood when the phase was reached.</summary>
    public int Mark { get; private set; }

    /// <summary>Starts a service, made by <paramref name="prepare"/>, and a reload of it; returns when the phase is reached.</summary>
    public static async Task<HeldReload> BeginAsync(ReloadPhase phase, string folder, Func<ServiceSettings, Service> prepare,
        IReadOnlyList<string>? urls = null)
    {
        var releases = new Releases(folder);
        releases.AddBuild(Good, Binaries.SampleAppFolder);
        releases.AddBuild(Held, Binaries.SampleAppFolder);
        releases.SwitchTo(Good);
        // Of generation 1 alone, which reads it at its start: the next generations are not held.
        var probation = phase switch
        {
            ReloadPhase.Probation or ReloadPhase.RollingBack => TimeToAct,
            ReloadPhase.Promoting or ReloadPhase.Moving => TimeToStop,
            _ => TimeSpan.Zero
        };
        releases.Configure(Good, $$""" "Ips": { "Reload": { "Probation": "{{probation}}" } } """);
        releases.Configure(Held, NoProbation);
        var held = new HeldReload(
            prepare(new ServiceSettings(ServiceKind.SampleApp)
            {
                // The kernel sends SIGHUP to a stopped successor whose predecessor is killed: its process group is orphaned.
                Program = "nohup",
                Prefix = [Path.Combine(releases.Current, Binaries.SampleApp)],
                WorkingDirectory = releases.Current,
                Debug = true,
                Urls = urls,
                Probation = null,
                // who is asked to end does so by itself, on a machine that is busy with the load as well
                KillTimeout = TimeSpan.FromSeconds(4),
                HealthInterval = TimeSpan.FromMinutes(1), // a process stopped by SIGSTOP reports nothing
                // The load asks on, and by default a stop closes idle connections at once: a request may cross that.
                More = ["--Ips:Drain:IdleStop=00:10:00"],
            }),
            releases);
        await held.Service.StartAsync();
        releases.Configure(Good, NoProbation);
        held.Predecessor = held.Service.MainPid;
        try
        {
            if (urls is null)
            {
                held._load = StrictLoad.Start(FaultScene.LightLoad(held.Service.Target) with { IdleIntervalMax = TimeSpan.FromSeconds(1) });
                await held._load.WaitForRequestsAsync(1, Limits.Step);
                held.Descriptors = FaultScene.WithClients(Harness.Descriptors.Of(held.Predecessor));
            }

            await held.ReachAsync(phase);
        }
        catch
        {
            await held.DisposeAsync();
            throw;
        }

        held.Mark = held.Service.Log.Mark;
        return held;
    }

    /// <summary>Lets both go on, if they still live.</summary>
    public void LetGo()
    {
        _releases.SwitchTo(Good);
        _releases.Unmark(Held, SampleMarks.HoldBeforeHello);
        _releases.Unmark(Held, SampleMarks.HoldBeforeReady);
        foreach (var pid in _stopped) ProcessTable.Signal(pid, ProcessTable.SigCont);
        _stopped.Clear();
    }

    /// <summary>Cuts the request that holds the predecessor, by a second stop.</summary>
    public async Task EndDrainAsync()
    {
        ProcessTable.Signal(Predecessor, ProcessTable.SigTerm);
        // The kernel keeps one signal of a kind: the second one is sent when the first was read.
        await Service.Log.WaitForAsync(e => e.Id == EventIds.Stopping && e.Pid == Predecessor, "a stop of the predecessor");
        ProcessTable.Signal(Predecessor, ProcessTable.SigTerm);
        Assert.Equal(3, await Service.First.WaitForExitAsync(Limits.Step));
    }

    /// <summary>Ends the load: no request failed.</summary>
    public async Task AssertNoRequestFailedAsync()
    {
        var report = await Load.StopAsync();
        Assert.True(report.FailedRequests == 0, report.ToString());
    }

    /// <summary>Ends the load of a service that was stopped: no request was cut, and who came too late found nobody. A connection that the
    /// kernel had made and nobody accepted is one that came too late.</summary>
    public async Task AssertNoRequestCutAsync()
    {
        var report = await Load.StopAsync();
        Assert.All(report.Failures, failure => Assert.True(
            failure is { Kind: FailureKind.Refused } or { Kind: FailureKind.Reset, RequestOnConnection: 0 or 1, BytesSeen: 0 },
                failure.ToString()));
    }

    public async ValueTask DisposeAsync()
    {
        _longRequest?.Dispose();
        if (_load is not null) await _load.DisposeAsync();
    }

    private async Task ReachAsync(ReloadPhase phase)
    {
        var log = Service.Log;
        if (phase == ReloadPhase.Draining) await AskForLongAsync();

        _releases.Mark(Held, phase is ReloadPhase.Spawned or ReloadPhase.Greeted ? SampleMarks.HoldBeforeHello
            : SampleMarks.HoldBeforeReady);
        _releases.SwitchTo(Held);
        Service.Signal(ProcessTable.SigUsr2);
        Successor = int.Parse((await log.WaitForAsync(0, EventIds.SuccessorSpawned))["Pid"], CultureInfo.InvariantCulture);
        if (phase == ReloadPhase.Spawned) return;
        if (phase == ReloadPhase.Greeted)
        {
            Stop(Predecessor);
            _releases.Unmark(Held, SampleMarks.HoldBeforeHello);
            await ProcFs.WaitForThreadAtRestAsync(Successor, "ips-channel-");
            return;
        }

        await log.WaitForAsync(0, SampleMarks.StartHeld); // welcomed, and its actors run
        switch (phase)
        {
            case ReloadPhase.Ready:
                // The predecessor hears of it only when it goes on, and so does the log: what the successor writes passes through the
                // predecessor.
                Stop(Predecessor);
                _releases.Unmark(Held, SampleMarks.HoldBeforeReady);
                await ProcFs.WaitForOutputAsync(Successor, "-> Ready");
                break;
            case ReloadPhase.Promoting:
            case ReloadPhase.Moving:
                // The promotion that it is sent is read only when it goes on.
                _releases.Unmark(Held, SampleMarks.HoldBeforeReady);
                await Service.WaitForStateAsync(1, "OnProbation");
                Stop(Successor);
                await Service.WaitForStateAsync(1, "Promoting");
                if (phase == ReloadPhase.Promoting) break;

                // Nor does the predecessor hear that it is promoted before it has stopped again.
                await Eventually.TrueAsync(TryPromoteAsync, "a promotion that the stopped predecessor had sent");
                await ProcFs.WaitForThreadAtRestAsync(Successor, "ips-channel-");
                Stop(Successor);
                LetGo(Predecessor);
                await Service.WaitForStateAsync(1, "Moving");
                break;
            case ReloadPhase.Probation:
                _releases.Unmark(Held, SampleMarks.HoldBeforeReady);
                await Service.WaitForStateAsync(1, "OnProbation");
                break;
            case ReloadPhase.RollingBack:
                _releases.Unmark(Held, SampleMarks.HoldBeforeReady);
                await Service.WaitForStateAsync(1, "OnProbation");
                await AskForLongAsync(); // of the successor: nobody else accepts
                ProcessTable.Signal(Successor, ProcessTable.SigTerm);
                await Service.WaitForStateAsync(1, "RollingBack");
                // All but that request have gone back by then.
                await Eventually.TrueAsync(() => TcpSockets.ClientsOf(Successor).SetEquals([_longRequest!.LocalPort]),
                    "an end of the moves");
                break;
            case ReloadPhase.Draining:
                _releases.Unmark(Held, SampleMarks.HoldBeforeReady);
                await log.WaitForAsync(0, EventIds.DrainBegan);
                // All but that request have moved by then.
                if (_load is not null) await Eventually.TrueAsync(() =>
                    TcpSockets.ClientsOf(Predecessor).SetEquals([_longRequest!.LocalPort]), "an end of the moves");
                break;
        }
    }

    // Its state is Promoting a moment before it has sent the word of it: stopped in between, it is let go again for a while.
    private async Task<bool> TryPromoteAsync()
    {
        Stop(Predecessor);
        LetGo(Successor);
        try
        {
            await Service.Log.WaitForAsync(
                e => e.Id == EventIds.IdentityPublished && e.Generation == 2, "generation 2 as the main process",
                    timeout: TimeSpan.FromSeconds(3));
            return true;
        }
        catch (TimeoutException)
        {
            Stop(Successor);
            LetGo(Predecessor);
            return false;
        }
    }

    private async Task AskForLongAsync()
    {
        _longRequest = await RawClient.ConnectAsync(Service.Port);
        await _longRequest.SendGetAsync("/stream?ms=600000&chunks=6000");
        await _longRequest.ReadUntilAsync(text => text.Contains("chunk 1 of", StringComparison.Ordinal));
    }

    private void LetGo(int pid)
    {
        Assert.True(ProcessTable.Signal(pid, ProcessTable.SigCont));
        _stopped.Remove(pid);
    }

    private void Stop(int pid)
    {
        Assert.True(ProcessTable.Signal(pid, ProcessTable.SigStop));
        _stopped.Add(pid);
    }
}
