using System.Globalization;
using System.Text;
using Ips.Fleet.Wire;

namespace Ips.Bench.Fleet;

/// <summary>The tables of docs/bench-fleet.md.</summary>
internal static class FleetTable
{
    public static string Render(string measured, SimulatedFleet fleet, IReadOnlyList<IdleAgents.Idle> idle, int seconds)
    {
        var text = new StringBuilder();
        Line($"{measured}\n");
        Line($"A rollout over {fleet.Agents} agents in 4 waves, simulated:\n");
        Line($"| message | count | bytes | largest |\n|---|---|---|---|");
        foreach (var (manifest, kind) in fleet.Kinds)
            Line($"| `{manifest}` | {kind.Count} | {kind.Bytes} | {kind.Largest} |");
        var all = fleet.Kinds.Values;
        var (count, bytes, largest) = (all.Sum(kind => kind.Count), all.Sum(kind => kind.Bytes), all.Max(kind => kind.Largest));
        Line($"| all | {count} | {bytes} | {largest} of {FleetCodec.MostBytes} |\n");
        Line($"| | |\n|---|---|");
        Line($"| The coordinator's part of the rollout, elapsed | {fleet.Coordinator.TotalMilliseconds:F0} ms |");
        var wave = fleet.Waves.Average(wave => wave.TotalMilliseconds);
        Line($"| A wave of {fleet.Agents / 4} agents: orders, reports, decisions on one thread | {wave:F0} ms |");
        Line($"| Memory of an idle agent | {idle.Average(agent => agent.Rss) / (1 << 20):F0} MiB |");
        var share = idle.Average(agent => agent.Share) * 100;
        Line($"| Processor time of an idle agent, of one processor, over {seconds} s | {share:F2} % |\n");
        Line($"| characters of a node's name | most nodes whose messages fit |\n|---|---|");
        foreach (var length in new[] { 12, 24, 40, 64 }) Line($"| {length} | {SimulatedFleet.MostNodes(length)} |");
        return text.ToString();

        void Line(FormattableString line) => text.Append(line.ToString(CultureInfo.InvariantCulture)).Append('\n');
    }
}
