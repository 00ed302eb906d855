using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Ips.Actors.Control;
using Ips.Actors.Diagnostics;
using Ips.Actors.Lifecycle;
using Ips.Host.Cli;

namespace Ips.Host.Dashboard;

/// <summary>A service in a report.</summary>
/// <param name="Name">Its PID file.</param>
/// <param name="Status">Where it stands; null if it does not run.</param>
/// <param name="History">Its past reloads, newest last.</param>
internal sealed record ReportedService(string Name, DaemonStatus? Status, IReadOnlyList<ReloadReceipt> History);

/// <summary>Writes the history as one HTML file that needs nothing else: no script, and its policy lets nothing be fetched. Pure.</summary>
internal static class DashboardReport
{
    /// <summary>The file.</summary>
    /// <param name="services">The services.</param>
    /// <param name="now">When it is written.</param>
    internal static string Write(IReadOnlyList<ReportedService> services, DateTimeOffset now)
    {
        var style = DashboardPage.Text("dashboard.css");
        var hash = Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(style)));
        var text = new StringBuilder();
        text.Append("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n")
            .Append(CultureInfo.InvariantCulture,
                $"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-{hash}'; img-src data:\">\n")
            .Append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<link rel=\"icon\" href=\"data:,\">\n")
            .Append(CultureInfo.InvariantCulture, $"<title>Reloads of {E(string.Join(", ", services.Select(ShortName)))}</title>\n")
            .Append("<style>").Append(style).Append("</style>\n</head>\n<body class=\"report\">\n<header class=\"top\"><div class=\"who\">")
            .Append(CultureInfo.InvariantCulture,
                $"<h1><span class=\"mark\"></span><span>Reloads</span></h1><p class=\"link\">Written {Time(now)} by ips dashboard --once. ")
            .Append("Times are UTC.</p></div></header>\n<main>\n");
        foreach (var service in services) Service(text, service, now);
        return text.Append("</main>\n</body>\n</html>\n").ToString();
    }

    private static void Service(StringBuilder text, ReportedService service, DateTimeOffset now)
    {
        text.Append(CultureInfo.InvariantCulture,
            $"<section class=\"panel\">\n<div class=\"head\"><h2>{E(ShortName(service))}</h2>")
            .Append(CultureInfo.InvariantCulture, $"<p class=\"note\">{E(service.Name)}</p></div>\n");
        if (service.Status is { } status)
        {
            text.Append("<pre>").Append(E(Facts(status, now))).Append("</pre>\n");
        }
        else text.Append("<p class=\"empty\">It does not run; this is the history that it has left.</p>\n");

        if (service.History.Count == 0) text.Append("<p class=\"empty\">No reload yet.</p>\n");
        else Table(text, service.History);
        text.Append("</section>\n");
    }

    // All but the last reload, which the table has.
    private static string Facts(DaemonStatus status, DateTimeOffset now) => string.Join('\n', StatusText.Write(status, now).Split('\n')
        .Where(line => !line.StartsWith("last reload", StringComparison.Ordinal)));

    private static void Table(StringBuilder text, IReadOnlyList<ReloadReceipt> history)
    {
        var longest = Math.Max(1, history.Max(receipt => receipt.ElapsedMs));
        text.Append("<table class=\"past\" role=\"table\"><thead role=\"rowgroup\"><tr role=\"row\">");
        foreach (var name in (string[])["Started", "Outcome", "Generations", "Release", "Took", "Phases", "Connections and requests"])
        {
            text.Append(CultureInfo.InvariantCulture,
                $"<th scope=\"col\" role=\"columnheader\" class=\"{(name == "Took" ? "took" : "")}\">{name}</th>");
        }


        text.Append("</tr></thead>\n<tbody role=\"rowgroup\">\n");
        foreach (var receipt in history.Reverse()) Row(text, receipt, longest);
        text.Append("</tbody></table>\n<ul class=\"phase-key\">");
        foreach (var (_, css, name) in ReportPhases.All)
            text.Append(CultureInfo.InvariantCulture,
                $"<li><svg width=\"14\" height=\"10\"><rect class=\"{css}\" width=\"14\" height=\"10\" rx=\"2\"/></svg>{name}</li>");
        text.Append("</ul>\n");
    }

    private static void Row(StringBuilder text, ReloadReceipt receipt, double longest)
    {
        var (outcome, css) = Outcome(receipt);
        var parts = ReportPhases.Of(receipt);
        var label = string.Join(", ", parts.Select(part => $"{part.Name} {ReceiptText.Duration(part.To - part.From)}"));
        text.Append(CultureInfo.InvariantCulture, $"<tr role=\"row\">{Cell("when", Time(receipt.StartedAt))}")
            .Append(Cell("outcome", $"<span class=\"badge {css}\">{E(outcome)}</span>"))
            .Append(Cell("gens", $"{receipt.OldGeneration} → {receipt.NewGeneration}"))
            .Append(Cell("release", E(receipt.NewRelease ?? "–")))
            .Append(Cell("took", ReceiptText.Duration(receipt.ElapsedMs)))
            .Append(CultureInfo.InvariantCulture, $"<td class=\"phases\" role=\"cell\"><svg class=\"bars\" viewBox=\"0 0 100 12\" ")
            .Append(CultureInfo.InvariantCulture, $"preserveAspectRatio=\"none\" role=\"img\" aria-label=\"{E(label)}\">")
            .Append(CultureInfo.InvariantCulture, $"<title>{E(label)}</title>");
        foreach (var part in parts)
        {
            text.Append(CultureInfo.InvariantCulture, $"<rect class=\"{part.Css}\" x=\"{100 * part.From / longest:0.###}\" ")
                .Append("y=\"1\" height=\"10\" ")
                .Append(CultureInfo.InvariantCulture, $"width=\"{Math.Max(0.35, 100 * (part.To - part.From) / longest):0.###}\"/>");
        }

        var drain = receipt.Drain is { } counts
            ? $"moved {counts.Moved}, drained {counts.Connections}, cut {counts.AbortedRequests}"
            : receipt.Connections is { } at ? $"moved {at.Moved}" : "";
        text.Append("</svg></td>").Append(Cell("result", E(drain))).Append("</tr>\n")
            .Append("<tr class=\"detail\" role=\"row\"><td colspan=\"7\" role=\"cell\"><details")
            .Append(css is "failed" or "refused" or "rolled-back" ? " open" : "").Append("><summary>")
            .Append(E(receipt.Reason is { } reason ? TerminalText.Line(reason) : "Details")).Append("</summary><pre>")
            .Append(E(ReceiptText.Write(receipt))).Append("</pre></details></td></tr>\n");
    }

    private static (string Text, string Css) Outcome(ReloadReceipt receipt) => receipt switch
    {
        { DryRun: true, Ended: not ReloadOutcome.Checked } => ("✕ check failed", "failed"),
        { Ended: ReloadOutcome.Promoted } => ("✓ promoted", "promoted"),
        { Ended: ReloadOutcome.Checked } => ("✓ checked", "checked"),
        { Ended: ReloadOutcome.RolledBack } => ("↩ rolled back", "rolled-back"),
        { Ended: ReloadOutcome.Refused } => ("✕ refused", "refused"),
        { Ended: ReloadOutcome.Stopped } => ("■ stopped", "stopped"),
        _ => (receipt.Outcome, ""),
    };

    private static string Cell(string css, string html) => $"<td class=\"{css}\" role=\"cell\">{html}</td>";

    private static string Time(DateTimeOffset at)
    {
        var text = at.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
        return $"<time datetime=\"{text}\">{text}</time>";
    }

    private static string ShortName(ReportedService service) => Path.GetFileNameWithoutExtension(service.Name);

    // Nothing in it is markup, and nothing turns text around or commands a terminal that shows the source.
    private static string E(string text) => WebUtility.HtmlEncode(TerminalText.Lines(text));
}

/// <summary>The phases of a receipt as pieces of a bar. Pure.</summary>
internal static class ReportPhases
{
    /// <summary>The phases by the name that a receipt has for their end, their style and their name for a person.</summary>
    internal static IReadOnlyList<(string End, string Css, string Name)> All { get; } =
    [
        ("spawned", "spawn", "spawn"), ("hello", "start", "start"), ("ready", "warm-up", "warm-up"),
        ("serving", "serve", "first connection"),
        ("promoted", "trial", "probation"), ("", "fail", "failed here"),
    ];

    /// <summary>The pieces, in order: from and to in milliseconds since the request.</summary>
    internal static IReadOnlyList<(string Css, string Name, double From, double To)> Of(ReloadReceipt receipt)
    {
        List<(string, string, double, double)> parts = [];
        var before = 0.0;
        foreach (var (end, css, name) in All)
        {
            if (receipt.PhasesMs is not { } reached || !reached.TryGetValue(end, out var to) || to < before) continue;
            parts.Add((css, name, before, to));
            before = to;
        }

        if (receipt.Ended is not (ReloadOutcome.Promoted or ReloadOutcome.Checked) && receipt.ElapsedMs > before)
            parts.Add(("fail", "failed here", before, receipt.ElapsedMs));
        return parts;
    }
}
