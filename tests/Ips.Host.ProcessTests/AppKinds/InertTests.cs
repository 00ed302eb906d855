using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Processes;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests.AppKinds;

/// <summary>Where Ips cannot work it does nothing: a process with the line is as one without it.</summary>
[Collection(Waits.Name)]
public sealed class InertTests(ITestOutputHelper output) : ProcessTest(output)
{
    private const string OnlyGeneration = "generation 1, primary True";

    [Theory]
    [InlineData("worker")]
    [InlineData("test-server")]
    [InlineData("web-host")]
    public async Task Line_WhereIpsIsInert_LeavesNoTrace(string word)
    {
        var kind = new AppKind("", word);
        await using var stock = Start(kind, line: false);
        await using var added = Start(kind, line: true);
        var answers = word == "web-host" ? await AskAsync(stock, added) : await ReadAsync(stock, added);

        Assert.Contains(OnlyGeneration, answers, StringComparison.Ordinal);
        Assert.Equal(ProcFs.CaughtSignals(stock.First.Pid), ProcFs.CaughtSignals(added.First.Pid));
        Assert.DoesNotContain(ProcessTable.ThreadNames(added.First.Pid), name => name.StartsWith("ips", StringComparison.Ordinal));
        AssertNothingLeft(added);

        ProcessTable.Signal(stock.First.Pid, ProcessTable.SigTerm);
        ProcessTable.Signal(added.First.Pid, ProcessTable.SigTerm);
        Assert.Equal(await stock.First.WaitForExitAsync(Limits.Step), await added.First.WaitForExitAsync(Limits.Step));
        Assert.Empty(added.Complaints().Except(stock.Complaints()));
        AssertNothingLeft(added);
    }

    // The web host serves: the same answers, and the probes pass.
    private static async Task<string> AskAsync(AppRun stock, AppRun added)
    {
        await stock.WaitForListeningAsync();
        await added.WaitForListeningAsync();
        Assert.Equal(await stock.AskAllAsync(), await added.AskAllAsync());
        Assert.StartsWith("HTTP/1.1 200 ", await added.AskAsync("GET /healthz"), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 200 ", await added.AskAsync("GET /readyz"), StringComparison.Ordinal);
        return await added.AskAsync("GET /generation");
    }

    // The others say what they see themselves.
    private static async Task<string> ReadAsync(AppRun stock, AppRun added)
    {
        await stock.First.WaitForLineAsync(line => line == "works", Limits.Step);
        await added.First.WaitForLineAsync(line => line == "works", Limits.Step);
        var (expected, actual) = (Said(stock), Said(added));
        Assert.Empty(expected.Except(actual));
        var more = actual.Except(expected).ToList();
        Assert.DoesNotContain(more, line => line.StartsWith("/healthz", StringComparison.Ordinal) && !line.Contains("200"));
        Assert.DoesNotContain(more, line => line.StartsWith("/readyz", StringComparison.Ordinal) && !line.Contains("200"));
        return string.Join('\n', more);
    }

    private static List<string> Said(AppRun run) => [.. run.First.Lines.Select(line => line.Text)
        .Where(line => !line.StartsWith("info: ", StringComparison.Ordinal) && !line.StartsWith("      ", StringComparison.Ordinal))];

    private static void AssertNothingLeft(AppRun run)
    {
        Assert.Empty(Directory.GetFileSystemEntries(run.RunFolder));
        Assert.Empty(Directory.GetFileSystemEntries(Temporary(run.Place.Folder)));
    }

    private AppRun Start(AppKind kind, bool line)
    {
        var folder = Path.Combine(Folder, line ? "added" : "stock");
        Directory.CreateDirectory(Temporary(folder));
        return AppRun.Start(kind, folder, line, options: new AppRun.Options
        {
            // The runtime's own sockets for its diagnostics are left out, so that the folder is empty without the line.
            Environment = new Dictionary<string, string?> { ["TMPDIR"] = Temporary(folder), ["DOTNET_EnableDiagnostics"] = "0" },
        });
    }

    private static string Temporary(string folder) => Path.Combine(folder, "tmp");
}
