using Ips.Bench;
using System.Text;

namespace Ips.Bench.Peers;

/// <summary>The figures as Markdown.</summary>
internal static class PeerTable
{
    private const double FirstAim = 5, P99Aim = 2;

    public static string Render(string machine, string loadAfter, IReadOnlyList<PeerResult> results, int rounds,
        IReadOnlyList<ReloadFigures> aims, string plot)
    {
        var text = new StringBuilder();
        text.Append($"Measured on {machine}, {loadAfter} after it. {rounds} rounds, in which each peer had one turn; medians, the middle "
            + "half of the values in ")
            .Append($"brackets, and of failed requests and closed connections the most as well. {ReloadLoad.KeptConnections} connections "
                + "were kept, half of them by far clients.\n\n")
            .Append($"![Figures of a reload, by peer]({plot})\n\n")
            .Append("| a reload of | by | failed requests, near | failed requests, far | connections closed | longest response, ms | "
                + "signal to new generation, ms "
                + "| p99 after ÷ before | MB, one generation | MB, two |\n|---|---|---|---|---|---|---|---|---|---|\n");
        foreach (var result in results)
        {
            text.Append($"| {Name(result)} | {result.Peer.Reload} | ").AppendJoin(" | ", Cells(result)).Append(" |\n");
        }

        text.Append("\n| | requests/s | ÷ Ips, same round |\n|---|---|---|\n");
        var ips = results.First(result => result.Peer.Name == Peer.IpsName);
        foreach (var result in results.Where(result => result.Turns.Count > 0))
        {
            var ratios = result.Turns.Zip(ips.Turns, (turn, own) => turn.PerSecond / own.PerSecond).ToList();
            var errors = result.Turns.Count(turn => turn.WrkErrors is not null);
            text.Append($"| {Name(result)} | "
                + $"{Show(result.Of(turn => turn.PerSecond), "F0")}{(errors > 0 ? $", {errors} runs with errors" : "")} | ")
                .Append(ratios.Count > 0 ? Show(Sample.Of(ratios), "F2") : "").Append(" |\n");
        }

        foreach (var result in results.Where(result => result.Trouble is not null))
        {
            text.Append($"\n{Name(result)} by {result.Peer.Reload}: {result.Trouble}.\n");
        }

        if (aims.Count > 0)
        {
            text.Append($"\nIps alone, {aims.Count} reloads:\n\n| | | aim |\n|---|---|---|\n")
                .Append("| First response of the new generation ÷ steady p50 | "
                    + $"{Show(Sample.Of(aims.Select(reload => reload.FirstRatio)), "F1")} | at most {FirstAim} |\n")
                .Append("| The slowest of its first ten ÷ steady p50 | "
                    + $"{Show(Sample.Of(aims.Select(reload => reload.SlowestOfTenRatio)), "F1")} | |\n")
                .Append($"| p99 in the second after it ÷ steady p99 | {Show(Sample.Of(aims.Select(reload => reload.P99Ratio)), "F2")} | "
                    + $"at most {P99Aim} |\n")
                .Append($"| Failed requests, closed connections, of all | {aims.Sum(reload => reload.FailedNear + reload.FailedFar)}, "
                    + $"{aims.Sum(reload => reload.Closed)} | 0, 0 |\n");
        }

        return text.ToString();
    }

    private static string Name(PeerResult result) => result.Peer.Name == Peer.IpsName ? $"**{result.Peer.Name}**" : result.Peer.Name;

    private static IEnumerable<string> Cells(PeerResult result) => result.Turns.Count == 0 ? Enumerable.Repeat("missing", 8) :
    [
        Count(result, turn => turn.Reload.FailedNear),
        Count(result, turn => turn.Reload.FailedFar),
        Count(result, turn => turn.Reload.Closed),
        Show(result.Of(turn => turn.Reload.LongestMs), "F0"),
        Show(result.Of(turn => turn.Reload.ToNewMs), "F0"),
        Show(result.Of(turn => turn.Reload.P99Ratio), "F2"),
        Show(result.Of(turn => turn.OneMegabytes), "F0"),
        Show(result.Of(turn => turn.TwoMegabytes), "F0"),
    ];

    /// <summary>A count that is rarely above 0 hides behind its median.</summary>
    private static string Count(PeerResult result, Func<PeerTurn, double> figure) =>
        $"{result.Of(figure).Median:0.#}, most {result.Turns.Max(figure):0}";

    private static string Show(Sample sample, string format) =>
        $"{sample.Median.ToString(format)} ({sample.Low.ToString(format)} to {sample.High.ToString(format)})";
}
