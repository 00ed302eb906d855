using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Ips.Actors.Control;
using Ips.Actors.Lifecycle;
using Ips.Host.Dashboard;

namespace Ips.Host.Tests.Dashboard;

/// <summary>A report is one file that needs nothing else, and nothing in a receipt becomes a part of it that does something.</summary>
[Trait("issue", "16")]
public sealed partial class DashboardReportTests
{
    private const string Hostile = "</pre></details><script>alert(1)</script>\"' onload=x \u001b[2J\u202e\u0000\nsecond line";
    private static readonly DateTimeOffset Now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    private static readonly ReloadReceipt RolledBack = new("rolled-back", 10, 1, 20, 2, Hostile, Now, 5200)
    {
        OldRelease = Hostile, NewRelease = Hostile, Output = ["first", Hostile], Warnings = [Hostile], Trigger = Hostile,
        PhasesMs = new Dictionary<string, double> { ["spawned"] = 5, ["hello"] = 200, ["ready"] = 700, ["serving"] = 800, [Hostile] = 3 },
        Connections = new ConnectionCounts(3, 1, new Dictionary<string, int> { [Hostile] = 1 }),
    };

    [Fact]
    public void Write_HostileReceipt_IsTextOnly()
    {
        var status = new DaemonStatus(10, 1, Hostile, Hostile, Now, [Hostile], 1, 1) { Phase = Hostile, TakeoverSocket = Hostile };
        var html = DashboardReport.Write([new(Hostile, status, [RolledBack, RolledBack with { Outcome = Hostile }])], Now);
        Assert.DoesNotContain("<script", html, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("&lt;script&gt;alert(1)", html, StringComparison.Ordinal);
        Assert.DoesNotContain(html, c => c is '\u001b' or '\u202e' or '\0');
        Assert.Contains("\\u001b[2J", html, StringComparison.Ordinal);
        Assert.All(Tags().Matches(html), tag => Assert.DoesNotContain("onload", tag.Value, StringComparison.Ordinal));
        Assert.Equal(Regex.Count(html, "<pre>"), Regex.Count(html, "</pre>"));
    }

    [Fact]
    public void Write_AnyHistory_NeedsNothingElse()
    {
        var html = DashboardReport.Write([new("/run/shop.pid", null, [RolledBack])], Now);
        Assert.Equal(["data:,"], Links().Matches(html).Select(match => match.Groups[1].Value));
        Assert.DoesNotContain("url(", html[html.IndexOf("</style>", StringComparison.Ordinal)..], StringComparison.Ordinal);
        Assert.DoesNotContain("@import", html, StringComparison.Ordinal);
        // Its own style is all that its policy allows.
        var style = Regex.Match(html, "<style>(.*)</style>", RegexOptions.Singleline).Groups[1].Value;
        var hash = Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(style)));
        Assert.Contains($"content=\"default-src 'none'; style-src 'sha256-{hash}'; img-src data:\"", html, StringComparison.Ordinal);
        Assert.DoesNotContain(" style=", html, StringComparison.Ordinal);
    }

    [Fact]
    public void Write_ServiceThatDoesNotRun_ShowsWhatItHasLeft()
    {
        var failed = RolledBack with { Reason = "It failed." };
        var html = DashboardReport.Write([new("/run/shop.pid", null, [failed]), new("/run/new.pid", null, [])], Now);
        Assert.Contains("It does not run", html, StringComparison.Ordinal);
        Assert.Contains("↩ rolled back", html, StringComparison.Ordinal);
        Assert.Contains("<details open><summary>It failed.</summary>", html, StringComparison.Ordinal);
        Assert.Contains("No reload yet.", html, StringComparison.Ordinal);
    }

    [Fact]
    public void Phases_OfReceipts_AreInOrderAndEndWithTheReceipt()
    {
        Assert.Equal([("spawn", 0, 5), ("start", 5, 200), ("warm-up", 200, 700), ("serve", 700, 800), ("fail", 800, 5200)],
            ReportPhases.Of(RolledBack).Select(part => (part.Css, part.From, part.To)));
        Assert.Equal([("trial", 0, 5200)], ReportPhases.Of(RolledBack with
        {
            Outcome = "promoted",
            PhasesMs = new Dictionary<string, double> { ["promoted"] = 5200 },
        }).Select(part => (part.Css, part.From, part.To)));
        Assert.Empty(ReportPhases.Of(RolledBack with { Outcome = "checked", PhasesMs = null }));
    }

    [GeneratedRegex("<[a-z][^<>]*>")]
    private static partial Regex Tags();

    [GeneratedRegex("(?:src|href)=\"([^\"]*)\"")]
    private static partial Regex Links();
}
