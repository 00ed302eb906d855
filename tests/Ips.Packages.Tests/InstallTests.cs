using System.Globalization;
using Ips.Testing.Processes;
using Xunit.Abstractions;

namespace Ips.Packages.Tests;

/// <summary>What a developer does who has the packages and nothing else: install, make an app, test, publish, run, reload.</summary>
[Collection(nameof(Feed))]
[Trait("issue", "15")]
public sealed class InstallTests(Feed feed, ITestOutputHelper output)
{
    // Quick, as the machine may be busy with other things; what an app's own test does is TemplateTest_*.
    private static readonly Dictionary<string, string?> s_quick = new() { ["Ips__Reload__Probation"] = "00:00:00.5" };

    [Theory]
    [InlineData("framework-dependent", "--no-self-contained")]
    [InlineData("self-contained", "--self-contained")]
    [InlineData("single-file", "--self-contained", "-p:PublishSingleFile=true")]
    [InlineData("ready-to-run", "--no-self-contained", "-p:PublishReadyToRun=true")]
    public async Task App_PublishedInEachWay_ReloadsUnderLoad(string kind, params string[] options)
    {
        var folder = feed.PathOf(kind);
        await feed.DotnetAsync(
            feed.AppFolder, ["publish", Feed.App, "-c", "Release", "-v", "quiet", "-r", feed.RuntimeId, "-o", folder, .. options]);
        Assert.Equal(kind != "single-file", File.Exists(Path.Combine(folder, $"{Feed.App}.dll")));
        Assert.Equal(kind == "self-contained", File.Exists(Path.Combine(folder, "libcoreclr.so")));

        var report = await ReloadTest.RunAsync(new ReloadTestOptions
        {
            App = folder, Reloads = 2, Environment = s_quick,
            // An argument that ends like a folder is not taken for the app's path.
            Arguments = ["--Some:Setting=http://localhost/"],
        });

        output.WriteLine($"{report}");
        Assert.Equal((2, 0), (report.Reloads, report.FailedRequests));
        Assert.True(report.Requests > 100, $"{report.Requests} requests are too few to prove anything.");
    }

    [Theory]
    [InlineData("PublishTrimmed")]
    [InlineData("PublishAot")]
    public async Task App_PublishedTrimmed_IsRefusedWithTheReason(string property)
    {
        var result = await feed.TryDotnetAsync(feed.AppFolder,
            ["publish", Feed.App, "-c", "Release", "-v", "quiet", "-r", feed.RuntimeId, "-o", feed.PathOf(property),
                $"-p:{property}=true"]);

        Assert.NotEqual(0, result.ExitCode);
        Assert.Contains("error IPS0001: Ips.Actors does not support trimmed or native AOT apps", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TemplateTest_PassesAndFailsOnceTheAppIsBroken()
    {
        var passed = await feed.DotnetAsync(feed.AppFolder, "test", "-c", "Release");
        Assert.Contains("Passed:     1", passed, StringComparison.Ordinal);

        // A release that answers 500 to all but health checks.
        var program = Path.Combine(feed.AppFolder, Feed.App, "Program.cs");
        var source = await File.ReadAllTextAsync(program);
        await File.WriteAllTextAsync(program, source.Replace("app.MapGet(", """
            var isFirst = builder.IpsStart().IsFirst;
            app.Use((context, next) =>
            {
                if (isFirst) return next(context);
                context.Response.StatusCode = 500;
                return Task.CompletedTask;
            });
            app.MapGet(
            """, StringComparison.Ordinal));
        try
        {
            // The warm-up would find it before any client does, and the successor would never serve.
            var failed = await feed.TryDotnetAsync(
                feed.AppFolder, ["test", "-c", "Release"], ("Ips__Warmup__Timeout", "00:00:00"));
            output.WriteLine(failed.Output);
            Assert.NotEqual(0, failed.ExitCode);
            Assert.Matches(@"\d+ of \d+ requests failed", failed.Output);
            Assert.Contains("status 500 instead of 200 to 399", failed.Output, StringComparison.Ordinal);
        }
        finally
        {
            await File.WriteAllTextAsync(program, source);
        }
    }

    [Fact]
    public async Task Tool_Installed_RunsAndReloads()
    {
        var folder = feed.PathOf("tool");
        await feed.DotnetAsync(feed.PathOf("work"), "tool", "install", "Ips.Tool", "--tool-path", folder);
        var ips = Path.Combine(folder, "ips");
        Assert.StartsWith($"{Feed.Version}+", (await IpsAsync("--version")).Output, StringComparison.Ordinal);

        var processes = new MarkedProcesses();
        var pidFile = feed.PathOf("ips.pid");
        await using var first = DaemonProcess.Start(ips,
            ["run", "--urls", $"http://127.0.0.1:{FreePort.Next()}", "--pid-file", pidFile, "--directory", feed.PathOf("work")],
            processes.Environment);
        try
        {
            await Eventually.TrueAsync(() => File.Exists(pidFile), "a PID file");
            Assert.True(first.Signal(ProcessTable.SigUsr2));
            await Eventually.TrueAsync(() => Pid() != first.Pid, "another main process");
            var status = await IpsAsync("status", "--pid-file", pidFile);
            output.WriteLine(status.Output);
            Assert.Equal(0, status.ExitCode);
            Assert.Contains("Reloaded in ", status.Output, StringComparison.Ordinal);
            Assert.Equal(0, (await IpsAsync("stop", "--pid-file", pidFile)).ExitCode);
            await processes.WaitForOnlyAsync();
        }
        finally
        {
            output.WriteLine(first.OutputTail());
            await processes.KillAllAsync();
        }

        int Pid() => int.Parse(File.ReadAllText(pidFile), CultureInfo.InvariantCulture);

        Task<CommandResult> IpsAsync(params IReadOnlyList<string> arguments) =>
            Command.RunAsync(ips, arguments, feed.PathOf("work"), feed.Environment);
    }
}
