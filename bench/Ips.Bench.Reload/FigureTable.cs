using System.Text;

namespace Ips.Bench.Reload;

/// <summary>The figures as Markdown.</summary>
internal static class FigureTable
{
    public static string Render(
        string machine, string loadAfter, IReadOnlyList<(double ColdMs, double ReloadMs)> starts)
    {
        var text = new StringBuilder();
        text.Append($"Measured on {machine}, {loadAfter} after it. {starts.Count} pairs, ")
            .Append("each back to back; medians, the middle half of the values in brackets. Only the ratios carry over to another "
                + "machine.\n\n")
            .Append("| | | aim |\n|---|---|---|\n");
        Row("Cold start to the first response", Show(starts.Select(pair => pair.ColdMs), "F0"), "ms", "");
        Row("Signal to the first response of the new generation", Show(starts.Select(pair => pair.ReloadMs), "F0"), "ms", "");
        Row("**Ratio of the two**, warm-up and handover included", Show(starts.Select(pair => pair.ReloadMs / pair.ColdMs), "F2"), "",
            "at most 1.5");
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
