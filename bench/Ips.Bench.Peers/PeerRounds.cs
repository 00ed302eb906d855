using Ips.Bench;
namespace Ips.Bench.Peers;

/// <summary>
/// Question: what do clients see of a reload of Ips, and of what else there is? All peers run at once and are idle but for the one whose
/// turn it is; each has its turn in each round, and each round begins with another one.
/// </summary>
internal static class PeerRounds
{
    /// <param name="peers">Whom to measure.</param>
    /// <param name="rounds">Turns of each.</param>
    /// <param name="scripts">The folder bench/peers.</param>
    /// <param name="binaries">The folder of built programs.</param>
    /// <param name="cancellationToken">Ends it; what was started is stopped all the same.</param>
    public static async Task<IReadOnlyList<PeerResult>> MeasureAsync(
        IReadOnlyList<Peer> peers, int rounds, string scripts, string binaries, CancellationToken cancellationToken)
    {
        List<PeerResult> results = [.. peers.Select(peer => new PeerResult(peer))];
        Dictionary<PeerResult, PeerProcess> running = [];
        try
        {
            foreach (var result in results)
            {
                if (await StartAsync(result, scripts, binaries, cancellationToken) is { } process)
                {
                    running.Add(result, process);
                }
            }

            for (var round = 0; round < rounds; round++)
            {
                foreach (var result in results.Skip(round % results.Count).Concat(results.Take(round % results.Count)))
                {
                    if (running.TryGetValue(result, out var process)
                        && !await TakeTurnAsync(result, process, $"{round + 1}/{rounds}", cancellationToken))
                    {
                        running.Remove(result);
                        await process.DisposeAsync();
                    }
                }
            }

            return results;
        }
        finally
        {
            await Task.WhenAll(running.Values.Select(process => process.DisposeAsync().AsTask())); // each, whatever becomes of another
        }
    }

    /// <summary>Reloads of one peer alone, as clients see them.</summary>
    public static async Task<IReadOnlyList<ReloadFigures>> ReloadsAsync(Peer peer, int reloads, string scripts, string binaries,
        CancellationToken cancellationToken)
    {
        await using var process = await PeerProcess.StartAsync(peer, scripts, binaries, cancellationToken);
        await Wrk.RunAsync(process.Port, 32, 3, cancellationToken: cancellationToken); // the first generation has compiled its hot code
        List<ReloadFigures> figures = [];
        for (var i = 0; i < reloads; i++)
        {
            figures.Add(await PeerTurn.ReloadAsync(process, cancellationToken));
            Tell($"{i + 1}/{reloads}", peer, figures[^1], "");
        }

        return figures;
    }

    private static async Task<PeerProcess?> StartAsync(PeerResult result, string scripts, string binaries,
        CancellationToken cancellationToken)
    {
        if (result.Peer.Missing(binaries) is { Count: > 0 } missing)
        {
            result.Trouble = $"missing: there is no {string.Join(", no ", missing)}";
            Console.Error.WriteLine($"{result.Peer.Name}: {result.Trouble}");
            return null;
        }

        try
        {
            return await PeerProcess.StartAsync(result.Peer, scripts, binaries, cancellationToken);
        }
        catch (Exception e) when (e is InvalidOperationException or TimeoutException)
        {
            result.Trouble = "missing: it did not start";
            Console.Error.WriteLine(e.Message);
            return null;
        }
    }

    /// <returns>False if something broke; the peer has no further turns then, and its row says so.</returns>
    private static async Task<bool> TakeTurnAsync(PeerResult result, PeerProcess process, string number,
        CancellationToken cancellationToken)
    {
        try
        {
            var turn = await PeerTurn.MeasureAsync(process, cancellationToken);
            result.Turns.Add(turn);
            Tell(number, result.Peer, turn.Reload,
                $", {turn.PerSecond:F0} requests/s{turn.WrkErrors}, {turn.OneMegabytes:F0} then {turn.TwoMegabytes:F0} MB");
            return true;
        }
        catch (Exception e) when (e is InvalidOperationException or TimeoutException)
        {
            result.Trouble = $"broke off in round {number}";
            Console.Error.WriteLine($"{result.Peer.Name} {result.Trouble}: {e.Message}");
            return false;
        }
    }

    private static void Tell(string number, Peer peer, ReloadFigures reload, string more) => Console.Error.WriteLine(
        $"{number} {peer.Name}, {peer.Reload}: failed {reload.FailedNear} near, {reload.FailedFar} far, closed {reload.Closed}, longest "
            + $"{reload.LongestMs:F0} ms, "
        + $"new after {reload.ToNewMs:F0} ms, p99 {reload.SteadyP99Ms:F2} then {reload.AfterP99Ms:F2} ms, first {reload.FirstMs:F2} ms, "
            + $"{reload.FirstRatio:F1} x p50, of ten {reload.SlowestOfTenRatio:F1} x{more}");
}
