using OxyPlot;
using OxyPlot.Axes;
using OxyPlot.Series;

namespace Ips.Bench.Peers;

/// <summary>The medians as bars, a panel for each figure, as SVG.</summary>
internal static class PeerPlot
{
    private const double Width = 1200, Height = 420, Gap = 0.03;

    private static readonly (string Title, string Format, Func<PeerTurn, double> Figure)[] s_panels =
    [
        ("failed requests", "0", turn => turn.Reload.FailedNear + turn.Reload.FailedFar),
        ("connections closed", "0", turn => turn.Reload.Closed),
        ("longest response, ms", "0", turn => turn.Reload.LongestMs),
        ("p99 after ÷ before", "0.0", turn => turn.Reload.P99Ratio),
        ("MB while two generations live", "0", turn => turn.TwoMegabytes),
    ];

    public static string ToSvg(IReadOnlyList<PeerResult> results)
    {
        var measured = results.Where(result => result.Turns.Count > 0).Reverse().ToList(); // the first category is the lowest bar
        var model = new PlotModel
        {
            Title = "What a reload costs clients and machine: medians, less is better", TitleFontSize = 15,
            PlotAreaBorderThickness = new OxyThickness(0),
            // The measured width of a text is that of one font, and viewers have others: so margins of our own.
            Padding = new OxyThickness(10, 20, 10, 10), PlotMargins = new OxyThickness(230, double.NaN, double.NaN, double.NaN),
            Background = OxyColors.White,
        };
        for (var i = 0; i < s_panels.Length; i++)
        {
            AddPanel(model, measured, i);
        }

        return new SvgExporter { Width = Width, Height = Height, IsDocument = true }.ExportToString(model);
    }

    private static void AddPanel(PlotModel model, IReadOnlyList<PeerResult> measured, int number)
    {
        var (title, format, figure) = s_panels[number];
        var (names, values) = ($"names{number}", $"values{number}");
        // Each panel has a category axis of its own: on a shared one its bars would stand beside the others', not in their place.
        var category = new CategoryAxis
        {
            Key = names, Position = AxisPosition.Left, GapWidth = 0.4, TickStyle = TickStyle.None,
            AxislineStyle = LineStyle.None
        };
        category.Labels.AddRange(measured.Select(result => number > 0 ? "" : $"{result.Peer.Name} ({result.Peer.Reload})"));
        model.Axes.Add(category);

        var medians = measured.Select(result => result.Of(figure).Median).ToList();
        model.Axes.Add(new LinearAxis
        {
            Key = values, Position = AxisPosition.Bottom, Title = title, StartPosition = (double)number / s_panels.Length,
            EndPosition = ((number + 1.0) / s_panels.Length) - Gap, AbsoluteMinimum = 0, Minimum = 0,
            Maximum = Math.Max(1, medians.DefaultIfEmpty().Max() * 1.3), // room for the labels
            MaximumRange = double.MaxValue, IntervalLength = 70, MajorGridlineStyle = LineStyle.Solid,
            MajorGridlineColor = OxyColors.LightGray,
        });

        var bars = new BarSeries
        {
            XAxisKey = values, YAxisKey = names, LabelPlacement = LabelPlacement.Outside, LabelMargin = 5,
            LabelFormatString = $"{{0:{format}}}"
        };
        bars.Items.AddRange(measured.Zip(medians, (result, median) =>
            new BarItem(median) { Color = result.Peer.Name == Peer.IpsName ? OxyColors.SeaGreen : OxyColors.SteelBlue }));
        model.Series.Add(bars);
    }
}
