using Ips.Host.ProcessTests.AppKinds;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Load;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests.Samples;

/// <summary>A test of a sample: started from its build output as its page says, and reloaded under clients that never retry.</summary>
public abstract class SampleTest(ITestOutputHelper output) : ProcessTest(output)
{
    /// <summary>How often each sample is reloaded.</summary>
    protected const int Reloads = 3;

    /// <summary>Starts a sample that listens on one port, and waits for its socket.</summary>
    private protected Task<AppRun> StartAsync(string name, params IReadOnlyList<string> more) =>
        StartAsync(name, place => ["--urls", $"http://127.0.0.1:{place.Port}"], more);

    /// <summary>Starts a sample, and waits for its socket.</summary>
    private protected async Task<AppRun> StartAsync(
        string name, Func<AppPlace, IReadOnlyList<string>> endpoints, IReadOnlyList<string> more, int exitCode = 0)
    {
        var kind = new AppKind(name, "") { Arguments = endpoints, ExitCode = exitCode };
        var folder = Path.Combine(Folder, $"{name}{Directory.GetDirectories(Folder).Length}");
        var app = AppRun.Start(kind, folder, line: true, ["--Ips:GenerationHeader=true", .. more],
            new AppRun.Options { App = Binaries.SamplePath(name) });
        try
        {
            await app.WaitForListeningAsync();
            await Eventually.TrueAsync(() => app.PidFile is not null, $"a PID file of {name}");
            return app;
        }
        catch (Exception)
        {
            Output.WriteLine(app.First.OutputTail());
            await app.DisposeAsync();
            throw;
        }
    }

    /// <summary>Reloads a sample three times under the strict client. No request may fail and no connection may be closed, each
    /// generation must answer each kind of client, and each reload must be promoted.</summary>
    /// <param name="app">The sample.</param>
    /// <param name="paths">What the clients ask for, each answered with 200.</param>
    /// <param name="afterEach">What else must hold after each reload, by the number of the new generation.</param>
    /// <param name="exitCode">What a generation ends with that has handed over.</param>
    private protected async Task ReloadUnderLoadAsync(
        AppRun app, IReadOnlyList<string> paths, Func<int, Task>? afterEach = null, int exitCode = 0)
    {
        List<int> mains = [app.MainPid];
        await using var load = StrictLoad.Start(Mix(app.Target, paths));
        try
        {
            await load.WaitForGenerationAsync(1, Limits.Step);
            for (var reload = 1; reload <= Reloads; reload++)
            {
                Assert.Null(await app.TryReloadAsync());
                mains.Add(app.MainPid);
                await load.WaitForGenerationAsync(reload + 1, Limits.Step);
                if (afterEach is not null) await afterEach(reload + 1);
            }

            await app.Processes.WaitForOnlyAsync(app.MainPid);
            var report = await load.StopAsync();
            Output.WriteLine($"{report}");
            Assert.Equal((0, 0), (report.FailedRequests, report.Resets));
            Assert.Equal((0, 0), (report.PoliteCloses, report.ClosedIdle));
            Assert.Equal(Reloads + 1, mains.Distinct().Count());
            Assert.Equal(Enumerable.Repeat("promoted", Reloads), await app.OutcomesAsync());
            Assert.Equal(exitCode, await app.First.WaitForExitAsync(Limits.Step));
        }
        catch (Exception)
        {
            Output.WriteLine($"{load.Snapshot()}{Environment.NewLine}{app.First.OutputTail(200)}");
            throw;
        }
    }

    // Few of each, as for the kinds of apps: what is looked for is a request that fails.
    private static LoadOptions Mix(LoadTarget target, IReadOnlyList<string> paths) => new()
    {
        Target = target,
        Paths = new LoadPaths { Ping = paths[0], More = [.. paths.Skip(1)], PingBody = null },
        OneShotWorkers = 1, BusyWorkers = 2, IdleWorkers = 8, StreamWorkers = 0, UploadWorkers = 0,
        OneShotThinkTime = TimeSpan.FromMilliseconds(20), BusyThinkTime = TimeSpan.FromMilliseconds(5),
        IdleIntervalMin = TimeSpan.FromMilliseconds(50), IdleIntervalMax = TimeSpan.FromMilliseconds(500),
    };
}
