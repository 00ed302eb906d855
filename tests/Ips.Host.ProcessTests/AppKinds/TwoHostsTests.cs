using Ips.Host.ProcessTests.Harness;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests.AppKinds;

/// <summary>Two hosts in one process, such as an app and its operators' pages.</summary>
[Collection(Waits.Name)]
public sealed class TwoHostsTests(ITestOutputHelper output) : ProcessTest(output)
{
    private static AppKind Kind(string word) => new("", word)
    {
        Arguments = place => ["--urls", $"http://127.0.0.1:{place.Port}", "--admin-port", $"{place.SecondPort}"],
    };

    [Fact]
    public async Task Reload_SecondHostHasAPortOfItsOwn_IsRefusedAndNamesThePort()
    {
        await using var app = AppRun.Start(Kind("two-hosts"), Folder, line: true);
        await app.WaitForListeningAsync();
        var reason = await app.TryReloadAsync();
        Assert.Contains($"127.0.0.1:{app.Place.SecondPort}", reason, StringComparison.Ordinal);
        Assert.Contains("the app", await app.AskAsync("GET /kind"), StringComparison.Ordinal);
        Assert.Equal(200, (await HttpProbe.GetAsync($"http://127.0.0.1:{app.Place.SecondPort}/admin")).Status);
        Assert.Equal(app.First.Pid, app.MainPid);
    }

    [Fact]
    public async Task Build_BothHostsHaveTheLine_SaysWhichOneMay()
    {
        await using var app = AppRun.Start(Kind("two-lines"), Folder, line: true);
        Assert.NotEqual(0, await app.First.WaitForExitAsync(Limits.Step));
        await app.First.WaitForOutputEndAsync(Limits.Step);
        var error = Assert.Single(app.First.Lines, line => line.Text.StartsWith("Unhandled exception.", StringComparison.Ordinal));
        Assert.Contains("AddIps() was called for two hosts of one process", error.Text, StringComparison.Ordinal);
        Assert.Contains(app.First.Lines, line => line.Text.Contains("WebApplicationBuilder.Build()", StringComparison.Ordinal));
    }
}
