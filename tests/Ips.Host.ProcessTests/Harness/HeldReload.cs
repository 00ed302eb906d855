using System.Globalization;
using Ips.Actors.Diagnostics;
using Ips.Testing.Processes;

namespace Ips.Host.ProcessTests.Harness;

/// <summary>How far a reload has come, each a point at which a process may die or be told to stop.</summary>
public enum ReloadPhase
{
    /// <summary>The successor runs, and has not said hello.</summary>
    Spawned,

    /// <summary>It was welcomed and has the listening sockets; its app is starting.</summary>
    Welcomed,

    /// <summary>It has said ready, and was not told to accept.</summary>
    Ready,

    /// <summary>It accepts; the predecessor can take the role back.</summary>
    Probation,

    /// <summary>The predecessor has said promote; the successor has not acknowledged.</summary>
    Promoting,

    /// <summary>The successor is the main process; the predecessor drains, held by a running request.</summary>
    Draining,
}

/// <summary>A reload from generation 1 to 2 that is held in a phase until it is let go. Processes are held by marks in the release, or stopped by
/// SIGSTOP while what they were sent waits for them.</summary>
internal sealed class HeldReload : IDisposable
{
    private const string Good = "good", Held = "held";
    private const string NoProbation = """ "Ips": { "Reload": { "Probation": "00:00:00" } } """;

    // What a test does to a successor on probation must be done before its promotion.
    private static readonly TimeSpan TimeToAct = TimeSpan.FromSeconds(5);

    private readonly Releases _releases;
    private readonly List<int> _stopped = [];
    private RawClient? _longRequest;

    private HeldReload(Service service, Releases releases) => (Service, _releases) = (service, releases);

    public Service Service { get; }

    public int Predecessor { get; private set; }

    public int Successor { get; private set; }

    /// <summary>Where the log stood when the phase was reached.</summary>
    public int Mark { get; private set; }

    /// <summary>Starts a service, made by <paramref name="prepare"/>, and a reload of it; returns when the phase is reached.</summary>
    public static async Task<HeldReload> BeginAsync(ReloadPhase phase, string folder, Func<ServiceSettings, Service> prepare, IReadOnlyList<string>? urls = null)
    {
        var releases = new Releases(folder);
        releases.AddBuild(Good, Binaries.SampleAppFolder);
        releases.AddBuild(Held, Binaries.SampleAppFolder);
        releases.SwitchTo(Good);
        // Of generation 1 alone, which reads it at its start: the next generations are not held.
        var probation = phase is ReloadPhase.Probation or ReloadPhase.Promoting ? TimeToAct : TimeSpan.Zero;
        releases.Configure(Good, $$""" "Ips": { "Reload": { "Probation": "{{probation}}" } } """);
        releases.Configure(Held, NoProbation);
        var held = new HeldReload(
            prepare(new ServiceSettings(ServiceKind.SampleApp)
            {
                Program = Path.Combine(releases.Current, Binaries.SampleApp),
                WorkingDirectory = releases.Current,
                Debug = true,
                Urls = urls,
                Probation = null,
                HealthInterval = TimeSpan.FromMinutes(1), // a process stopped by SIGSTOP reports nothing
            }),
            releases);
        await held.Service.StartAsync();
        releases.Configure(Good, NoProbation);
        held.Predecessor = held.Service.MainPid;
        try
        {
            await held.ReachAsync(phase);
        }
        catch
        {
            held.Dispose();
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

    public void Dispose() => _longRequest?.Dispose();

    private async Task ReachAsync(ReloadPhase phase)
    {
        var log = Service.Log;
        if (phase == ReloadPhase.Draining)
        {
            _longRequest = await RawClient.ConnectAsync(Service.Port);
            await _longRequest.SendGetAsync("/stream?ms=600000&chunks=6000");
            await _longRequest.ReadUntilAsync(text => text.Contains("chunk 1 of", StringComparison.Ordinal));
        }

        _releases.Mark(Held, phase == ReloadPhase.Spawned ? SampleMarks.HoldBeforeHello : SampleMarks.HoldBeforeReady);
        _releases.SwitchTo(Held);
        Service.Signal(ProcessTable.SigUsr2);
        Successor = int.Parse((await log.WaitForAsync(0, EventIds.SuccessorSpawned))["Pid"], CultureInfo.InvariantCulture);
        if (phase == ReloadPhase.Spawned) return;

        await log.WaitForAsync(0, SampleMarks.StartHeld); // welcomed, and its actors run
        switch (phase)
        {
            case ReloadPhase.Ready:
                // The predecessor hears of it only when it goes on, and so does the log: what the successor writes passes through the predecessor.
                Stop(Predecessor);
                _releases.Unmark(Held, SampleMarks.HoldBeforeReady);
                await ProcFs.WaitForOutputAsync(Successor, "-> Ready");
                break;
            case ReloadPhase.Promoting:
                // The promotion that it is sent is read only when it goes on.
                _releases.Unmark(Held, SampleMarks.HoldBeforeReady);
                await Service.WaitForStateAsync(2, "Proving");
                Stop(Successor);
                await Service.WaitForStateAsync(1, "Promoting");
                break;
            case ReloadPhase.Probation:
                _releases.Unmark(Held, SampleMarks.HoldBeforeReady);
                await Service.WaitForStateAsync(2, "Proving");
                break;
            case ReloadPhase.Draining:
                _releases.Unmark(Held, SampleMarks.HoldBeforeReady);
                await log.WaitForAsync(0, EventIds.DrainBegan);
                break;
        }
    }

    private void Stop(int pid)
    {
        Assert.True(ProcessTable.Signal(pid, ProcessTable.SigStop));
        _stopped.Add(pid);
    }
}
