using System.Diagnostics;
using System.Globalization;
using Ips.Actors.Diagnostics;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Processes;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests.Systemd;

/// <summary>What the service manager is told: the exact datagrams, each from the right process.</summary>
#pragma warning disable CA1001 // DisposeAsync disposes it, as xunit calls it
public sealed class NotifyTests(ITestOutputHelper output) : ProcessTest(output)
#pragma warning restore CA1001
{
    private const string Good = "good", Bad = "bad";

    private NotifyRecorder? _manager;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task StartReloadStop_AreTold_ByTheMainProcess(bool isAbstract)
    {
        var (service, manager) = Prepare(isAbstract);
        await service.StartAsync();
        var first = service.MainPid;
        var before = MonotonicUsec();
        var second = await service.ReloadAsync();
        await service.WaitForMainAloneAsync();
        await service.StopAsync();

        var story = await manager.WaitForStoryAsync(6);
        Assert.Equal(
            [
                new(first, $"MAINPID={first}\nREADY=1\nSTATUS=Generation 1 serves.\n"),
                Reloading(first, 1, At(story[1])),
                Probation(first, 1),
                new(second, $"MAINPID={second}\nREADY=1\nSTATUS=Generation 2 serves.\n"),
                new(first, $"MAINPID={second}\nREADY=1\n"),
                new(second, "STOPPING=1\nEXTEND_TIMEOUT_USEC=30000000\nSTATUS=Generation 2 is stopping: open requests may finish.\n"),
            ],
            story);
        Assert.InRange(At(story[1]), before, MonotonicUsec());
    }

    [Fact]
    public async Task RefusedReload_ReadyAgain_ByTheOneThatServesOn()
    {
        var releases = new Releases(Folder);
        releases.AddBuild(Good, Binaries.SampleAppFolder);
        BadSuccessor.All.Single(bad => bad.Name == "exits with 1").Put(releases.PathOf(Bad));
        releases.SwitchTo(Good);
        var (service, manager) = Prepare(settings: s => s with { Program = Path.Combine(releases.Current, Binaries.SampleApp) });
        await service.StartAsync();
        var first = service.MainPid;
        releases.SwitchTo(Bad);
        Assert.Equal(EventIds.ReloadFailed, (await service.TryReloadAsync()).Id);

        var story = await manager.WaitForStoryAsync(3);
        Assert.Equal(Reloading(first, 1, At(story[1])), story[1]);
        Assert.Equal(first, story[2].Pid);
        Assert.Equal("1", story[2].Values["READY"]);
        Assert.StartsWith("Generation 1 serves; the reload to generation 2 was refused: ", story[2].Values["STATUS"],
            StringComparison.Ordinal);
        Assert.Contains("exited with 1", story[2].Values["STATUS"], StringComparison.Ordinal);
        Assert.Equal(["READY", "STATUS"], story[2].Values.Keys);

        // The next one works, and is told by the next process.
        releases.SwitchTo(Good);
        var second = await service.ReloadAsync();
        Assert.Equal(new(second, $"MAINPID={second}\nREADY=1\nSTATUS=Generation 2 serves.\n"), (await manager.WaitForStoryAsync(6))[5]);
    }

    [Fact]
    public async Task RolledBackReload_ReadyAgain_ByThePredecessor()
    {
        await using var held = await HeldReload.BeginAsync(ReloadPhase.Probation, Folder,
            settings => Prepare(settings: _ => settings).Service);
        ProcessTable.Signal(held.Successor, ProcessTable.SigKill);
        await held.Service.Log.WaitForAsync(held.Mark, EventIds.ReloadFailed);

        var story = await _manager!.WaitForStoryAsync(4);
        Assert.All(story, n => Assert.Equal(held.Predecessor, n.Pid));
        Assert.Equal([Reloading(held.Predecessor, 1, At(story[1])), Probation(held.Predecessor, 1)], story.Skip(1).Take(2));
        Assert.StartsWith("Generation 1 serves; the reload to generation 2 was rolled back: ", story[3].Values["STATUS"],
            StringComparison.Ordinal);
        Assert.Equal(["READY", "STATUS"], story[3].Values.Keys);
    }

    // Nobody may say STOPPING=1 but the main process: systemd would end the unit.
    [Fact]
    public async Task StopOnProbation_OfTheSuccessor_IsNoStopOfTheService()
    {
        await using var held = await HeldReload.BeginAsync(ReloadPhase.Probation, Folder,
            settings => Prepare(settings: _ => settings).Service);
        ProcessTable.Signal(held.Successor, ProcessTable.SigTerm);
        await held.Service.Log.WaitForAsync(held.Mark, EventIds.ReloadFailed);
        Assert.All(await _manager!.WaitForStoryAsync(4), n => Assert.Equal(held.Predecessor, n.Pid));
        Assert.DoesNotContain(_manager!.All, n => n.Values.ContainsKey("STOPPING"));
    }

    [Fact]
    public async Task PredecessorDies_OnProbation_TheSuccessorTellsOfItself()
    {
        await using var held = await HeldReload.BeginAsync(ReloadPhase.Probation, Folder,
            settings => Prepare(settings: _ => settings).Service);
        ProcessTable.Signal(held.Predecessor, ProcessTable.SigKill);
        var story = await _manager!.WaitForStoryAsync(4);
        Assert.Equal(new(held.Successor, $"MAINPID={held.Successor}\nREADY=1\nSTATUS=Generation 2 serves.\n"), story[3]);
    }

    [Fact]
    public async Task Watchdog_SignsOfLife_ComeFromTheMainProcessAlone()
    {
        var (service, manager) = Prepare(settings: s => s with
        {
            Environment = new Dictionary<string, string?>(s.Environment) { ["WATCHDOG_USEC"] = "600000" },
        });
        await service.StartAsync();
        var first = service.MainPid;
        await manager.WaitAsync(() => SignsOf(first) >= 3, "signs of life of generation 1");
        var second = await service.ReloadAsync();
        // It has handed over by then: a successor that hangs must not be kept alive by it.
        await manager.WaitAsync(() => manager.All.Any(n => n.Pid == first && n.Values.GetValueOrDefault("MAINPID") == $"{second}"),
            "the predecessor's last word");
        var ofFirst = SignsOf(first);
        await manager.WaitAsync(() => SignsOf(second) >= 4, "signs of life of generation 2");
        Assert.Equal(ofFirst, SignsOf(first));

        // The second speaks when it is the main process, not before, and gives a sign at once.
        Assert.Equal(["MAINPID", "READY", "WATCHDOG", "STATUS"], manager.All.First(n => n.Pid == second).Values.Keys);

        int SignsOf(int pid) => manager.All.Count(n => n.Pid == pid && n.Values.ContainsKey("WATCHDOG"));
    }

    /// <inheritdoc/>
    public override async Task DisposeAsync()
    {
        foreach (var n in _manager?.All ?? []) Output.WriteLine(n.ToString());
        await base.DisposeAsync();
        _manager?.Dispose();
    }

    private (Service Service, NotifyRecorder Manager) Prepare(bool isAbstract = false,
        Func<ServiceSettings, ServiceSettings>? settings = null)
    {
        var name = isAbstract ? $"@ips-test-{Guid.NewGuid():N}" : Path.Combine(Folder, "notify");
        _manager = new NotifyRecorder(name);
        var made = settings?.Invoke(Base()) ?? Base();
        return (Prepare(made with { Environment = new Dictionary<string, string?>(made.Environment) { ["NOTIFY_SOCKET"] = name } }),
            _manager);
    }

    private static ServiceSettings Base() => new(ServiceKind.SampleApp);

    private static Notification Reloading(int pid, int generation, long at) => new(pid, string.Create(CultureInfo.InvariantCulture,
        $"RELOADING=1\nMONOTONIC_USEC={at}\nEXTEND_TIMEOUT_USEC=30000000\nSTATUS=Generation {generation} serves; generation "
            + $"{generation + 1} is starting.\n"));

    private static Notification Probation(int pid, int generation) => new(pid, string.Create(CultureInfo.InvariantCulture,
        $"STATUS=Generation {generation + 1} serves on probation; generation {generation} can take the role back.\n"));

    private static long At(Notification n) => long.Parse(n.Values["MONOTONIC_USEC"], CultureInfo.InvariantCulture);

    private static long MonotonicUsec() => (long)(Stopwatch.GetTimestamp() * (1_000_000.0 / Stopwatch.Frequency));
}
