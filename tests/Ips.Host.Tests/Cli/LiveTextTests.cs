using System.Text.RegularExpressions;
using Ips.Actors.Control;
using Ips.Host.Cli.Live;
using Spectre.Console;

namespace Ips.Host.Tests.Cli;

/// <summary>What <c>ips top</c> and a reload on a terminal draw.</summary>
[Trait("issue", "16")]
public sealed class LiveTextTests
{
    private static readonly DateTimeOffset s_now = new(2026, 11, 30, 8, 0, 0, TimeSpan.Zero);

    private static readonly WatchSnapshot s_probation = new(s_now, 41, 7, "Reloading", "1.0", s_now,
    [
        new WatchedGeneration(6, 40, "draining")
        {
            Connections = 3, RunningRequests = 1, Drain = new WatchedDrain(29000, [new WatchedConnections("upgraded", 3, 1, 61000)]),
        },
        new WatchedGeneration(7, 41, "serving")
        {
            Release = "1.0", Connections = 120, RunningRequests = 4, Requests = new WatchedRequests(9000, 2, 512.5, 0, .4, 3.25),
        },
        new WatchedGeneration(8, 42, "probation") { Release = "1.1", Requests = new WatchedRequests(10, 0, 20, 0) },
    ])
    {
        Phase = "can take the role back while the successor is on probation",
        Reload = new WatchedReload("SIGUSR2", false, s_now.AddSeconds(-4), 4000,
            new Dictionary<string, double> { ["spawned"] = 50, ["hello"] = 200, ["ready"] = 900, ["serving"] = 1000 }, 8)
        {
            ProbationEndsAt = s_now.AddSeconds(2), NewPid = 42,
        },
    };

    [Fact]
    public void Draw_AProbation_HasBothGenerationsAndTheTimeLeft()
    {
        var lines = Draw(s_probation, 100);
        Assert.Contains("Generation 7 (PID 41, release 1.0) Reloading: can take the role back", lines[0], StringComparison.Ordinal);
        Assert.Single(lines, line => Regex.IsMatch(line, "^ *7 +serving +41 +120 +4 +512.5 +2 +0.4 +3.25 +1.0$"));
        Assert.Single(lines, line => Regex.IsMatch(line, "^ *8 +probation +42 +20.0 +0 +1.1$"));
        Assert.Contains("Reload by SIGUSR2, 4.0 s: spawned 50 ms, hello 200 ms, ready 900 ms, serving 1.0 s. Probation: 2.0 s left.",
            string.Join(' ', lines), StringComparison.Ordinal); // wrapped
        Assert.Contains("Generation 6 drains for up to 29.0 s: 3 upgraded (1 busy, oldest 61.0 s).", lines);
    }

    [Theory]
    [InlineData(40)]
    [InlineData(80)]
    [InlineData(200)]
    public void Draw_AnyWidth_FitsIt(int width) => Assert.All(Draw(s_probation, width), line => Assert.True(line.Length <= width, line));

    [Fact]
    public void Draw_TextsOfAHostilePeer_CommandNoTerminal()
    {
        var hostile = s_probation with { Release = "\u001b]0;owned\u0007[red]x[/]", Phase = "a\nb" };
        Assert.All(Draw(hostile, 120), line => Assert.DoesNotContain('\u001b', line));
        Assert.Contains("\\u001b]0;owned\\u0007[red]x[/]", LiveText.Line(hostile), StringComparison.Ordinal);
        Assert.DoesNotContain('\n', LiveText.Line(hostile));
    }

    [Fact]
    public void Line_ForALog_SaysTheSame() => Assert.StartsWith(
        "08:00:00Z Generation 7 (PID 41, release 1.0) Reloading: can take the role back while the successor is on probation | 6, draining, "
            + "pid 40, conn 3, run 1 | 7, serving, pid 41, conn 120, run 4, req/s 512.5, 5xx 2, p50 ms 0.4, p99 ms 3.25, release 1.0 | 8,",
        LiveText.Line(s_probation), StringComparison.Ordinal);

    [Theory]
    [InlineData(false, "xterm", true)]
    [InlineData(true, "xterm", false)]
    [InlineData(false, "dumb", false)]
    [InlineData(false, null, false)]
    public void CanDraw_OnATerminalThatMovesItsCursor(bool isRedirected, string? term, bool expected) =>
        Assert.Equal(expected, LiveBlock.CanDraw(isRedirected, term));

    private static List<string> Draw(WatchSnapshot snapshot, int width)
    {
        using var text = new StringWriter { NewLine = "\n" };
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(text), Ansi = AnsiSupport.No, ColorSystem = ColorSystemSupport.NoColors,
        });
        console.Profile.Width = width;
        console.Write(LiveText.Draw(snapshot));
        return [.. text.ToString().Split('\n').Select(line => line.TrimEnd())];
    }
}
