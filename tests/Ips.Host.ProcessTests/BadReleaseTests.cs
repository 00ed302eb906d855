using System.Diagnostics;
using System.Globalization;
using System.Text;
using Ips.Actors.Control;
using Ips.Actors.Diagnostics;
using Ips.Actors.Lifecycle;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing;
using Ips.Testing.Processes;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests;

/// <summary>Releases that pass every check and are bad all the same, at three rates of requests, by the default configuration: which of
/// them are rolled back by their own traffic, and what clients saw until then. Some rows; the soak has them all.</summary>
[Collection(Alone.Name)] // at a rate, and latencies count
public class BadReleaseTests(ITestOutputHelper output) : ProcessTest(output)
{
    private const string Good = "good", Bad = "bad";

    /// <summary>What becomes of a bad release.</summary>
    public enum Expected
    {
        /// <summary>It is rolled back.</summary>
        RolledBack,

        /// <summary>It is promoted, and the receipt mentions it.</summary>
        Mentioned,

        /// <summary>At this rate nothing shows in the time, and the receipt claims nothing else.</summary>
        Undetectable,

        /// <summary>By chance: it is near to what can be seen at this rate.</summary>
        Either,
    }

    /// <summary>The rows: the fault, and what is expected at 5, 50 and 500 requests a second.</summary>
    protected static IReadOnlyDictionary<string, Expected[]> Rows { get; } = new Dictionary<string, Expected[]>
    {
        ["fails"] = [Expected.Either, Expected.RolledBack, Expected.RolledBack],
        ["fails-on-one-route"] = [Expected.Undetectable, Expected.Either, Expected.RolledBack],
        ["fails-sometimes"] = [Expected.Undetectable, Expected.Undetectable, Expected.Either],
        ["slow"] = [Expected.Undetectable, Expected.RolledBack, Expected.RolledBack],
        ["a-little-slower"] = [Expected.Undetectable, Expected.Either, Expected.Either],
        ["leaks"] = [Expected.Undetectable, Expected.Either, Expected.Mentioned],
        ["dies-after-1000"] = [Expected.Undetectable, Expected.Undetectable, Expected.Either],
        ["dies-after-100"] = [Expected.Undetectable, Expected.Either, Expected.RolledBack],
        ["deadlocks"] = [Expected.Either, Expected.RolledBack, Expected.RolledBack],
        ["fails-for-one-kind-of-client"] = [Expected.Undetectable, Expected.Either, Expected.RolledBack],
    };

    private static readonly int[] s_rates = [5, 50, 500];
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(2);

    [Theory]
    [InlineData("fails", 50)]
    [InlineData("fails-on-one-route", 500)]
    [InlineData("deadlocks", 50)]
    public async Task Reload_ToABadRelease_EndsAsExpected(string fault, int perSecond)
    {
        var row = await TryAsync(fault, perSecond);
        Output.WriteLine(row.Text);
        Assert.Null(row.Wrong);
    }

    /// <summary>One reload.</summary>
    /// <returns>A row of the table, and what is wrong with it.</returns>
    protected async Task<(string Text, string? Wrong)> TryAsync(string fault, int perSecond)
    {
        var folder = Directory.CreateDirectory(Path.Combine(Folder, $"{fault}-{perSecond}")).FullName;
        var releases = new Releases(folder);
        releases.AddBuild(Good, Binaries.SampleAppFolder);
        releases.AddBuild(Bad, Binaries.SampleAppFolder);
        releases.Mark(Bad, $"bad-{fault}");
        releases.SwitchTo(Good);
        var service = await StartAsync(new ServiceSettings(ServiceKind.SampleApp)
        {
            Program = Path.Combine(releases.Current, Binaries.SampleApp), Canary = true, Probation = TimeSpan.FromSeconds(5),
            HealthInterval = TimeSpan.FromSeconds(1),
        });
        await using var clients = new PacedClients(service.Port, perSecond);
        await Eventually.TrueAsync(() => clients.Now().Requests > Math.Min(200, 4 * perSecond), "a load"); // its connections are there
        releases.SwitchTo(Bad);
        var before = clients.Now();
        var reload = IpsCommand.RunAsync("reload", "--json", "--pid-file", service.PidFile);
        await service.Log.WaitForAsync(e => e.Id == EventIds.CanaryShare, "a canary");
        var began = Stopwatch.GetTimestamp();
        await Task.WhenAny(reload, service.Log.WaitForAsync(e => e.Id == EventIds.SuccessorFailed, "a verdict", timeout: s_patience));
        var (seen, seconds) = (clients.Now().Since(before), Stopwatch.GetElapsedTime(began).TotalSeconds);
        var receipt = System.Text.Json.JsonSerializer.Deserialize(string.Concat((await reload).Output), ControlJson.Default.ReloadReceipt)!;
        var expected = Rows[fault][Array.IndexOf(s_rates, perSecond)];
        var verdict = receipt.Reason ?? Mentions(receipt) ?? receipt.Judgement?.Text ?? "nothing was compared";
        var text = string.Create(CultureInfo.InvariantCulture,
            $"| {fault} | {perSecond}/s | {expected} | {receipt.Outcome} after {seconds:0.0} s: {verdict} ")
            + string.Create(CultureInfo.InvariantCulture,
                $"| {seen.Failed} failed, {seen.Broken} broken, {seen.Unanswered} unanswered of {seen.Requests} |");
        return (text, Wrong(expected, receipt, seen));
    }

    // Half of the new connections and a quarter of the others meet the release until the verdict, and what it leaves unanswered.
    private static string? Wrong(Expected expected, ReloadReceipt receipt, PacedClients.Counts seen)
    {
        var rolledBack = receipt.Ended == ReloadOutcome.RolledBack;
        if (!rolledBack && receipt.Ended != ReloadOutcome.Promoted) return $"it ended as {receipt.Outcome}: {receipt.Reason}";
        if (rolledBack && seen.Failed + seen.Broken > Math.Max(20, seen.Requests / 2))
            return $"{seen.Failed + seen.Broken} of {seen.Requests} requests failed until the verdict";
        return expected switch
        {
            Expected.RolledBack => rolledBack ? null : "it is not rolled back",
            Expected.Mentioned => rolledBack || Mentions(receipt) is null ? "it is not mentioned" : null,
            Expected.Undetectable => rolledBack ? "it is rolled back" : null,
            _ => null,
        };
    }

    private static string? Mentions(ReloadReceipt receipt) =>
        receipt.Judgement?.Notes?.Where(note => !note.StartsWith("Latency was not judged", StringComparison.Ordinal)).ToList() is
        { Count: > 0 } notes ? string.Join(' ', notes) : null;
}

/// <summary>The whole table.</summary>
[Collection(Alone.Name), Trait("kind", "soak")]
public sealed class BadReleaseSoakTests(ITestOutputHelper output) : BadReleaseTests(output)
{
    [Fact]
    public async Task Reload_ToEachBadRelease_EndsAsExpected()
    {
        var (table, wrong) = (new StringBuilder("| the release | rate | expected | verdict | clients saw |\n|---|---|---|---|---|\n"), 0);
        foreach (var fault in Rows.Keys)
        {
            foreach (var perSecond in new[] { 5, 50, 500 })
            {
                var row = await TryAsync(fault, perSecond);
                table.Append(row.Text).Append(row.Wrong is null ? "" : $" **{row.Wrong}**").Append('\n');
                wrong += row.Wrong is null ? 0 : 1;
            }
        }

        await File.WriteAllTextAsync(Path.Combine(SourceTree.Root, "artifacts", "bad-releases.md"), table.ToString());
        Output.WriteLine(table.ToString());
        Assert.Equal(0, wrong);
    }
}
