using System.Globalization;
using Ips.Actors.Diagnostics;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Fuzz.Channels;
using Ips.Testing.Load;
using Ips.Testing.Processes;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests.ChannelFuzz;

/// <summary>A service under strict load whose peers are hostile, and what must hold whatever they send.</summary>
internal sealed class ChannelScene : IAsyncDisposable
{
    // Pools and queues fill in the first part of a run, and shrink when the collector says so: what peers leave behind grows on in the last
    // part.
    private const long ManagedGrowthMaxBytes = 1_500_000, ResidentGrowthMaxKiB = 64 * 1024;

    // One may find a service that is busy with another.
    private const int SilentMax = 20;

    // Exceptions that reached an actor's supervisor, and effects that failed.
    private static readonly int[] s_broken = [EventIds.EffectFailed, EventIds.ActorRestarted, EventIds.ActorLost];

    private readonly ITestOutputHelper _output;
    private readonly List<WatchedProcess> _watched = [];
    private readonly List<PeerSession> _played = [];
    private readonly int _mark;
    private readonly bool _tellsMemory;
    private readonly List<long> _managed = [];
    private int _silent;

    private ChannelScene(Service service, StrictLoad load, ITestOutputHelper output, bool tellsMemory) =>
        (Service, Load, _output, _mark, _tellsMemory, Pid) = (service, load, output, service.Log.Mark, tellsMemory, service.MainPid);

    public Service Service { get; }

    public StrictLoad Load { get; }

    /// <summary>The main process.</summary>
    public int Pid { get; }

    /// <summary>Packets that were sent.</summary>
    public int Sent { get; private set; }

    /// <summary>Bytes of these.</summary>
    public long SentBytes { get; private set; }

    /// <summary>What the generator must know.</summary>
    public string Endpoint => $"127.0.0.1:{Service.Port}";

    /// <summary>The first event that reports an unexpected exception; null if there is none.</summary>
    public static ServiceEvent? Broken(IEnumerable<ServiceEvent> events) =>
        events.FirstOrDefault(e => s_broken.Contains(e.Id) || e.Text.StartsWith("Unhandled exception", StringComparison.Ordinal));

    /// <summary>Begins the load.</summary>
    public static async Task<ChannelScene> BeginAsync(Service service, LoadOptions load, ITestOutputHelper output, bool tellsMemory)
    {
        var started = StrictLoad.Start(load);
        await started.WaitForRequestsAsync(20, Limits.Step);
        return new ChannelScene(service, started, output, tellsMemory);
    }

    /// <summary>Begins to count, once the first sessions have had the runtime load what it needs for them.</summary>
    /// <param name="others">Processes beside the main one.</param>
    public async Task BeginToCountAsync(params IReadOnlyList<int> others)
    {
        _watched.Add(WatchedProcess.Begin(Pid, FaultScene.WithClients(Descriptors.Of(Pid))));
        _watched.AddRange(others.Select(pid => WatchedProcess.Begin(pid, Descriptors.Of(pid))));
        await LookAsync();
    }

    /// <summary>Looks at how much managed memory the service has in use, for <see cref="AssertNothingLeftAsync"/>.</summary>
    public async Task LookAsync()
    {
        if (!_tellsMemory || _watched.Count == 0) return;
        _managed.Add(long.Parse((await HttpProbe.GetAsync($"http://127.0.0.1:{Service.Port}/memory")).Body, CultureInfo.InvariantCulture));
    }

    /// <summary>Notes what a peer has sent.</summary>
    /// <param name="session">What it was to do.</param>
    /// <param name="sent">How many packets of it the kernel took.</param>
    public void Note(PeerSession session, int sent)
    {
        Sent += sent;
        SentBytes += session.Opening.Concat(session.Packets).SelectMany(packet => Enumerable.Repeat(packet, session.Connections)).Take(sent)
            .Sum(packet => (long)packet.Bytes.Length);
        _played.Add(session);
        _silent = sent > 0 ? 0 : _silent + 1;
        if (_played.Count > 3) _played.RemoveAt(0);
    }

    /// <summary>The service has come through the sessions so far: as cheap as it can be, for it is asked after each of them.</summary>
    public void AssertUnharmed()
    {
        var broken = Broken(Service.Log.Events.Skip(_mark));
        var failure = Load.Snapshot().Failures is [var first, ..] ? first : null;
        var ended = _watched.FirstOrDefault(process => !process.IsAlive);
        if (broken is null && failure is null && ended is null && ProcessTable.IsAlive(Pid) && _silent < SilentMax) return;
        var harm = broken?.ToString() ?? failure?.ToString() ?? (_silent < SilentMax
            ? $"process {ended?.Pid ?? Pid} has ended."
            : $"{_silent} peers in a row could not send a packet: no process has the channel open.");
        Assert.Fail(string.Join(Environment.NewLine,
        [
            $"After {Sent} packets: {harm}",
            .. _played.AsEnumerable().Reverse().Select(session => session.Describe()),
        ]));
    }

    /// <summary>Every request was answered, and nothing is left of any peer.</summary>
    /// <param name="descriptorsMax">The most descriptors beyond those of the beginning that the main process may have had at once.</param>
    public async Task AssertNothingLeftAsync(int descriptorsMax)
    {
        AssertUnharmed();
        foreach (var process in _watched) _output.WriteLine(await process.AssertNothingLeftAsync(ResidentGrowthMaxKiB));
        Assert.InRange(_watched[0].Peak - _watched[0].Before, int.MinValue, descriptorsMax);
        var grown = _tellsMemory ? ManagedGrowthBytes() : 0;
        _output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
                $"{Sent} packets of {SentBytes} bytes; {_managed.Count} looks at managed memory, from the first third to the last it "
                + $"grew by {grown} bytes"));
        Assert.True(grown <= ManagedGrowthMaxBytes,
            $"Managed memory grew by {grown} bytes, at most {ManagedGrowthMaxBytes} may be: {string.Join(' ', _managed)}");
        Assert.Equal(Pid, Service.MainPid);
        var report = await Load.StopAsync();
        _output.WriteLine(report.ToString());
        Assert.Equal(0, report.FailedRequests);
        Assert.Equal(0, report.Resets);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var process in _watched) await process.DisposeAsync();
        await Load.DisposeAsync();
    }

    // The median of some looks leaves out a collection of the pools, and what the load has just in use.
    private long ManagedGrowthBytes()
    {
        var third = _managed.Count / 3;
        Assert.True(third >= 3, $"Managed memory was looked at {_managed.Count} times, 9 at least are of use.");
        return Median(_managed.TakeLast(third)) - Median(_managed.Take(third));

        static long Median(IEnumerable<long> looks) => looks.Order().ElementAt(looks.Count() / 2);
    }
}
