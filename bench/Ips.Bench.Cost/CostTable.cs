using System.Text;
using Allocations = (double BytesPerRequest, System.Collections.Generic.IReadOnlyDictionary<string, int> Types);
using Loads = System.Collections.Generic.IReadOnlyList<(Ips.Bench.Cost.Load Plain, Ips.Bench.Cost.Load Ips)>;
using Starts = System.Collections.Generic.IReadOnlyList<(Ips.Bench.Cost.Start Plain, Ips.Bench.Cost.Start Ips)>;

namespace Ips.Bench.Cost;

/// <summary>The figures as Markdown.</summary>
internal static class CostTable
{
    private const string StartAims = "JIT: at most 250 ms; ReadyToRun: at most 100 ms";

    public static string Render(
        string measured, IReadOnlyList<(string Name, Starts Pairs)> starts, Loads kept, Loads single, Loads measuring,
        (Allocations Plain, Allocations Ips) allocations)
    {
        var text = new StringBuilder();
        text.Append($"{measured}\nEach pair back to back; medians, the middle half of the values in brackets. Only differences ")
            .Append("and ratios within one run\ncarry over to another machine.\n\n")
            .Append("| start to the first response | without | with | difference |\n|---|---|---|---|\n");
        foreach (var (name, pairs) in starts)
        {
            Row($"**{name}**", pairs, start => start.FirstResponseMs, " ms");
            Row($"{name}: processor time", pairs, start => start.Inside.CpuMs, " ms");
            Row($"{name}: methods compiled", pairs, start => start.Inside.Methods, "");
        }

        text.Append($"\nThe aim: {StartAims}.\n\n| where the time goes, ms |")
            .Append(string.Concat(starts.Select(s => $" {s.Name}, without | with |"))).Append("\n|---|")
            .Append(string.Concat(starts.Select(_ => "---|---|"))).Append('\n');
        foreach (var part in starts[0].Pairs[0].Ips.Inside.Parts.Select(stamp => stamp.Part)) Times(part, start => Length(start, part));
        Times("the first response", start => start.FirstResponseMs - start.Inside.Parts[^1].AtMs);

        text.Append("\n| `/ping` (ReadyToRun) | without | with | ratio | aim |\n|---|---|---|---|---|\n");
        foreach (var (name, loads, aim) in new[]
        {
            ("kept connections", kept, 0.985), ("one request a connection", single, 0.985),
            ("kept connections with the line, not measured and measured for the judge", measuring, 0.99),
        })
        {
            text.Append($"| {name}, requests/s | {Show(loads.Select(p => p.Plain.PerSecond), "F0")} | ")
                .Append($"{Show(loads.Select(p => p.Ips.PerSecond), "F0")} | ")
                .Append($"{Show(loads.Select(p => p.Ips.PerSecond / p.Plain.PerSecond), "F3")} | |\n")
                .Append($"| {name}, processor time of a request, µs | {Show(loads.Select(p => p.Plain.CpuMicroseconds), "F1")} | ")
                .Append($"{Show(loads.Select(p => p.Ips.CpuMicroseconds), "F1")} | ")
                .Append($"**{Show(loads.Select(p => p.Plain.CpuMicroseconds / p.Ips.CpuMicroseconds), "F3")}** | at least {aim} |\n");
        }

        var ours = allocations.Ips.Types.Keys.Where(type => type.StartsWith("Ips.", StringComparison.Ordinal)).Order().ToList();
        text.Append($"| allocated for a request on a kept connection, bytes | {allocations.Plain.BytesPerRequest:F1} | ")
            .Append($"{allocations.Ips.BytesPerRequest:F1} | | 0 more |\n\n")
            .Append($"The event trace of these requests met {allocations.Ips.Types.Count} types with `AddIps()`, ")
            .Append(ours.Count == 0 ? "none of them of Ips.\n" : $"of Ips: {string.Join(", ", ours)}.\n");
        return text.ToString();

        void Times(string part, Func<Start, double?> length)
        {
            text.Append($"| {part} |");
            foreach (var (_, pairs) in starts)
                text.Append($" {Median(pairs.Select(p => length(p.Plain)))} | {Median(pairs.Select(p => length(p.Ips)))} |");
            text.Append('\n');
        }

        void Row(string what, Starts pairs, Func<Start, double> value, string unit) => text.Append(
            $"| {what} | {Show(pairs.Select(p => value(p.Plain)), "F0")}{unit} | {Show(pairs.Select(p => value(p.Ips)), "F0")}{unit} | "
            + $"{Show(pairs.Select(p => value(p.Ips) - value(p.Plain)), "F0")}{unit} |\n");
    }

    private static double? Length(Start start, string part)
    {
        var parts = start.Inside.Parts.ToList();
        var at = parts.FindIndex(stamp => stamp.Part == part);
        return at < 0 ? null : parts[at].AtMs - (at == 0 ? 0 : parts[at - 1].AtMs);
    }

    private static string Median(IEnumerable<double?> times) =>
        times.OfType<double>().ToList() is { Count: > 0 } known ? $"{Sample.Of(known).Median:F0}" : "";

    private static string Show(IEnumerable<double> values, string format)
    {
        var sample = Sample.Of(values);
        return $"{sample.Median.ToString(format)} ({sample.Low.ToString(format)} to {sample.High.ToString(format)})";
    }
}
