using Ips.Bench;
using System.Diagnostics;

namespace Ips.Bench.Peers;

/// <summary>What one turn of a peer measured.</summary>
/// <param name="Reload">What clients saw of its reload.</param>
/// <param name="PerSecond">Requests per second of wrk, steady.</param>
/// <param name="WrkErrors">wrk's words about requests that were not answered; null if all were.</param>
/// <param name="OneMegabytes">Memory of all its processes before a reload.</param>
/// <param name="TwoMegabytes">The most of it while two generations lived.</param>
internal sealed record PeerTurn(ReloadFigures Reload, double PerSecond, string? WrkErrors, double OneMegabytes, double TwoMegabytes)
{
    private const int WrkConnections = 32, WrkSeconds = 2;

    private static readonly TimeSpan s_settle = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_steady = TimeSpan.FromSeconds(3);
    // the second that is looked at, and what ended in it has been told
    private static readonly TimeSpan s_second = TimeSpan.FromSeconds(1.2);
    private static readonly TimeSpan s_newLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan s_oldLimit = TimeSpan.FromSeconds(45); // everybody's own limit for what drains is 30 s
    private static readonly TimeSpan s_memoryInterval = TimeSpan.FromMilliseconds(10);

    /// <summary>Measures its speed, then a reload as clients see it, then another one's memory, which is a look that would disturb the
    /// clients.</summary>
    public static async Task<PeerTurn> MeasureAsync(PeerProcess peer, CancellationToken cancellationToken)
    {
        var speed = await Wrk.RunAsync(peer.Port, WrkConnections, WrkSeconds, cancellationToken: cancellationToken);
        var reload = await ReloadAsync(peer, cancellationToken);
        var (one, two) = await MemoryAsync(peer, cancellationToken);
        return new PeerTurn(reload, speed.PerSecond, speed.Errors, one, two);
    }

    /// <summary>One reload as clients see it.</summary>
    public static async Task<ReloadFigures> ReloadAsync(PeerProcess peer, CancellationToken cancellationToken)
    {
        await using var load = new ReloadLoad(peer.Port);
        await load.WaitForRequestsAsync(s_newLimit);
        await Task.Delay(s_settle, cancellationToken);
        var steadyFrom = Stopwatch.GetTimestamp();
        await Task.Delay(s_steady, cancellationToken);

        var members = peer.Members();
        var before = load.Snapshot();
        load.BeginReload();
        var signal = Stopwatch.GetTimestamp();
        await peer.ReloadAsync(cancellationToken);
        await load.FirstOfNew.WaitAsync(s_newLimit, cancellationToken);
        await Task.Delay(s_second, cancellationToken);
        await WaitForOldAsync(peer, members, cancellationToken);
        var (near, far, answers, old) = await load.StopAsync();
        return ReloadFigures.Of(answers, old, steadyFrom, signal, before, (near, far));
    }

    private static async Task<(double One, double Two)> MemoryAsync(PeerProcess peer, CancellationToken cancellationToken)
    {
        await using var load = new ReloadLoad(peer.Port, idleOnly: true);
        await load.WaitForRequestsAsync(s_newLimit);
        var members = peer.Members();
        var one = ProcessMemory.PssMegabytes(members);
        load.BeginReload();
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var most = MostMemoryAsync(peer, end.Token);
        await peer.ReloadAsync(cancellationToken);
        await load.FirstOfNew.WaitAsync(s_newLimit, cancellationToken);
        await WaitForOldAsync(peer, members, cancellationToken);
        await end.CancelAsync();
        return (one, await most);
    }

    private static async Task<double> MostMemoryAsync(PeerProcess peer, CancellationToken end)
    {
        var most = 0.0;
        while (!end.IsCancellationRequested)
        {
            most = Math.Max(most, ProcessMemory.PssMegabytes(peer.Members()));
            await Task.Delay(s_memoryInterval, end).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        return most;
    }

    /// <summary>Waits for the end of the old generation: some of its processes have ended, and there are no more than before.</summary>
    private static Task WaitForOldAsync(PeerProcess peer, IReadOnlyList<int> before, CancellationToken cancellationToken) =>
        peer.UntilAsync(
        () => peer.Members() is var now && now.Count <= before.Count && before.Except(now).Any(), s_oldLimit, "end its old generation",
            cancellationToken);
}
