using System.Globalization;
using System.IO.Compression;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Load;
using Ips.Testing.Processes;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests.Systemd;

/// <summary>The real logrotate with the file that is shipped, every second, while generations come and go and write 1,000 lines a second
/// each.</summary>
public sealed class LogRotationTests(ITestOutputHelper output) : ProcessTest(output)
{
    private const string LogRotate = "/usr/sbin/logrotate";
    // Stands in for systemd, which knows the main process: it takes the two calls of the shipped file, and no other.
    private const string SystemCtl = """
        #!/bin/sh
        case "$*" in
        "--quiet is-active ips.service") exit 0 ;;
        "kill --signal=USR1 --kill-who=main ips.service") kill -USR1 "$(cat '@PID@')" ;;
        *) echo "unexpected: systemctl $*" >&2; exit 64 ;;
        esac

        """;

    private const int Reloads = 10, LinesPerSecond = 1000, NumberedLine = 9002, AllLines = 9003;

    private volatile int _rotations;

    [ToolFact(LogRotate)]
    public async Task RotationEachSecond_OverTenReloads_LosesAndTearsNoLine()
    {
        var service = await StartAsync(new ServiceSettings(ServiceKind.SampleApp) { More = [$"--Sample:LinesPerSecond={LinesPerSecond}"] });
        var log = service.Log.Path;
        var configuration = Path.Combine(Folder, "logrotate.conf");
        await File.WriteAllTextAsync(configuration,
            (await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "packaging", "ips.logrotate")))
            .Replace("/var/log/ips/*.log", log, StringComparison.Ordinal)
            .Replace(" ips ips", " root root", StringComparison.Ordinal)
            .Replace("rotate 14", "rotate 1000", StringComparison.Ordinal));
        var systemctl = Path.Combine(Directory.CreateDirectory(Path.Combine(Folder, "bin")).FullName, "systemctl");
        Executable.Write(systemctl, SystemCtl.Replace("@PID@", service.PidFile, StringComparison.Ordinal));
        // Streams hold the predecessors, so that two or three generations write to the log at a time.
        await using var load = StrictLoad
            .Start(FaultScene.LightLoad(service.Target) with { Paths = new LoadPaths { Stream = "/stream?ms=1500&chunks=15" } });
        using var stop = new CancellationTokenSource();
        var rotating = RotateAsync(configuration, stop.Token);
        LoadReport report;
        try
        {
            for (var reload = 1; reload <= Reloads; reload++)
            {
                // The log's reader does not follow a rotation.
                Assert.Equal(0, (await IpsCommand.RunAsync("reload", "--pid-file", service.PidFile)).ExitCode);
            }

            await load.WaitForGenerationAsync(Reloads + 1, Limits.Step);
            await Eventually.TrueAsync(() => _rotations >= Reloads, $"{Reloads} rotations");
            report = await load.StopAsync();
        }
        finally
        {
            await stop.CancelAsync();
            await rotating.WaitAsync(Limits.Step);
        }

        await rotating;
        await service.StopAsync();

        var files = Directory.GetFiles(service.Folder, "service.log*");
        var lines = files.SelectMany(ReadLines).ToList();
        Output.WriteLine($"{_rotations} rotations, {lines.Count} lines");
        Assert.Equal(0, report.FailedRequests);
        Assert.Equal(_rotations + 1, files.Length);
        var events = lines.Select(line => ServiceEvent.Parse(0, line)).ToList();
        Assert.DoesNotContain(events, e => e.Id == 0); // none is torn
        for (var generation = 1; generation <= Reloads + 1; generation++)
        {
            var all = int.Parse(Assert.Single(events, e => e.Id == AllLines && e.Generation == generation)["Count"],
                CultureInfo.InvariantCulture);
            var numbers = events.Where(e => e.Id == NumberedLine && e.Generation == generation)
                .Select(e => int.Parse(e["Number"], CultureInfo.InvariantCulture)).ToList();
            Assert.Equal(Enumerable.Range(1, all), numbers.Order());
            Assert.True(all > LinesPerSecond, $"Generation {generation} wrote {all} lines only.");
        }
    }

    private async Task RotateAsync(string configuration, CancellationToken stop)
    {
        for (var next = Task.Delay(TimeSpan.FromSeconds(1), CancellationToken.None); !stop.IsCancellationRequested; _rotations++)
        {
            await next;
            next = Task.Delay(TimeSpan.FromSeconds(1), CancellationToken.None);
            var result = await IpsCommand.RunProgramAsync(
                null, null, "/usr/bin/env", $"PATH={Path.Combine(Folder, "bin")}:{Environment.GetEnvironmentVariable("PATH")}", LogRotate,
                    "--force", "--state", Path.Combine(Folder, "logrotate.state"), configuration);
            Assert.True(result.ExitCode == 0, $"logrotate: {result}");
        }
    }

    private static IEnumerable<string> ReadLines(string file)
    {
        using Stream content = file.EndsWith(".gz", StringComparison.Ordinal)
            ? new GZipStream(File.OpenRead(file), CompressionMode.Decompress) : File.OpenRead(file);
        using var reader = new StreamReader(content);
        while (reader.ReadLine() is { } line) yield return line;
    }
}
