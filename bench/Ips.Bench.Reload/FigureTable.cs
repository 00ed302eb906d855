using System.Text;

namespace Ips.Bench.Reload;

/// <summary>The figures as Markdown.</summary>
internal static class FigureTable
{
    public static string Render(
        string machine, string loadAfter, IReadOnlyList<(double ColdMs, double ReloadMs)> starts,
            IReadOnlyList<(Load Plain, Load Ips)> loads, int seconds)
    {
        var text = new StringBuilder();
        text.Append($"Measured on {machine}, {loadAfter} after it. {starts.Count} pairs of starts and {loads.Count} pairs of {seconds} s "
            + "of load, ")
            .Append("each pair back to back; medians, the middle half of the values in brackets. Only the ratios carry over to another "
                + "machine.\n\n")
            .Append("| | | aim |\n|---|---|---|\n");
        Row("Cold start to the first response", Show(starts.Select(pair => pair.ColdMs), "F0"), "ms", "");
        Row("Signal to the first response of the new generation", Show(starts.Select(pair => pair.ReloadMs), "F0"), "ms", "");
        Row("**Ratio of the two**, warm-up and handover included", Show(starts.Select(pair => pair.ReloadMs / pair.ColdMs), "F2"), "",
            "at most 1.5");
        Row("`/ping` without `AddIps()`", Show(loads.Select(pair => pair.Plain.PerSecond), "F0"), "requests/s", "");
        Row("`/ping` with `AddIps()`", Show(loads.Select(pair => pair.Ips.PerSecond), "F0"), "requests/s", "");
        Row("**Ratio of the two**", Show(loads.Select(pair => pair.Ips.PerSecond / pair.Plain.PerSecond), "F3"), "", "at least 0.95");
        Row("The same by processor time of a request", Show(loads.Select(pair => pair.Plain.CpuMicroseconds / pair.Ips.CpuMicroseconds),
            "F3"), "", "");
        return text.ToString();

        void Row(string what, string value, string unit, string aim) =>
            text.Append($"| {what} | {value}{(unit.Length > 0 ? " " + unit : "")} | {aim} |\n");
    }

    private static string Show(IEnumerable<double> values, string format)
    {
        var sample = Sample.Of(values);
        return $"{sample.Median.ToString(format)} ({sample.Low.ToString(format)} to {sample.High.ToString(format)})";
    }
}
