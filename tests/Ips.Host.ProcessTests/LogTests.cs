using System.Text.Json;
using System.Text.RegularExpressions;
using Ips.Actors.Diagnostics;
using Ips.Actors.Reloader;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Processes;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests;

/// <summary>The log as a file that is rotated, and as a story that people read.</summary>
public sealed partial class LogTests(ITestOutputHelper output) : ProcessTest(output)
{
    [Fact]
    public async Task Usr1_LogWasMoved_NewFileGetsTheLinesAndNoneIsLost()
    {
        var service = await StartAsync(new ServiceSettings(ServiceKind.Daemon) { Debug = true });
        using var stop = new CancellationTokenSource();
        // Each question leaves one line.
        var asking = Task.Run(async () =>
        {
            var asked = 0;
            for (; !stop.IsCancellationRequested; asked++) await service.StatusAsync();
            return asked;
        });
        var moved = $"{service.Log.Path}.1";
        await service.Log.WaitForAsync(0, EventIds.ControlRequested);
        File.Move(service.Log.Path, moved);
        service.Signal(ProcessTable.SigUsr1);

        var renewed = new EventLog(service.Log.Path);
        await renewed.WaitForAsync(0, EventIds.LogReopened);
        await renewed.WaitForAsync(0, EventIds.ControlRequested);
        await stop.CancelAsync();
        var asked = await asking;
        var old = new EventLog(moved);
        Assert.Equal(asked, old.Of(EventIds.ControlRequested).Count + renewed.Of(EventIds.ControlRequested).Count);
        Assert.DoesNotContain(old.Events.Concat(renewed.Events), e => e.Pid == 0); // no line is torn

        // The successor writes to the new file as well.
        service.Signal(ProcessTable.SigUsr2);
        var published = await renewed.WaitForAsync(0, EventIds.IdentityPublished);
        Assert.Equal(2, published.Generation);
        Assert.Equal(old.Events.Count, new EventLog(moved).Events.Count);
    }

    [Fact]
    public async Task Reload_InLineFormat_IsAStoryOfAboutTenLines()
    {
        var service = Prepare(new ServiceSettings(ServiceKind.Daemon));
        Assert.Equal(0, (await service.RunStartAsync("--log-format", "line")).ExitCode);
        var mark = service.Log.Mark;
        service.Signal(ProcessTable.SigUsr2);
        await service.Log.WaitForAsync(e => e.Text.Contains($" {EventIds.Exiting} ", StringComparison.Ordinal), "the predecessor's exit");

        // The last line of the start may follow its report by a moment.
        var story = service.Log.Events.Skip(mark).Select(e => e.Text)
            .SkipWhile(text => !text.Contains($" {EventIds.SignalReceived} ", StringComparison.Ordinal)).ToList();
        Assert.All(story, line => Assert.Matches(Line(), line));
        Assert.InRange(story.Count, 8, 14);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task LogLevel_OfANamespace_DecidesForEveryLineOfIps(bool reloaderToo)
    {
        var service = Prepare(new ServiceSettings(ServiceKind.SampleApp)
        {
            More =
            [
                "--Logging:LogLevel:Ips.Actors=Warning",
                .. reloaderToo ? ["--Logging:LogLevel:Ips.Actors.Reloader=Debug"] : Array.Empty<string>(),
            ],
        });
        service.Launch();
        await Eventually.TrueAsync(() => File.Exists(service.PidFile), "the PID file");
        var reload = await IpsCommand.RunAsync("reload", "--pid-file", service.PidFile);
        Assert.True(reload.ExitCode == 0, reload.ToString());
        await service.StopAsync();

        var chatter = service.Log.Events.Where(e => e.Pid > 0).Select(e => JsonDocument.Parse(e.Text).RootElement)
            .Where(line => line.GetProperty("level").GetString() is "debug" or "information")
            .Select(line => line.GetProperty("source").GetString()).Distinct();
        Assert.Equal(reloaderToo ? [typeof(ReloaderActor).FullName!] : Array.Empty<string>(), chatter);
    }

    [Fact]
    public async Task Nohup_Hangup_IsIgnoredInEveryGeneration()
    {
        var service = await StartAsync(new ServiceSettings(ServiceKind.Daemon)
        {
            Program = "/bin/sh",
            Prefix = ["-c", "trap '' HUP; exec \"$0\" \"$@\"", Binaries.IpsPath]
        });
        for (var generation = 1; generation <= 2; generation++)
        {
            Assert.True(ProcFs.Ignores(service.MainPid, ProcessTable.SigHup));
            service.Signal(ProcessTable.SigHup);
            Assert.Equal(generation, await service.AnsweringGenerationAsync());
            await service.ReloadAsync(); // what was sent before would be acted on before
        }

        Assert.Equal(2, service.Log.Of(EventIds.ReloadStarted).Count);
        Assert.All(service.Log.Of(EventIds.SignalReceived), e => Assert.Equal("SIGUSR2", e["Signal"]));
        Assert.Equal(3, service.Log.Of(EventIds.HangupIgnored).Count);
    }

    // UTC time with ms, level, generation, PID, source, event id, text.
    [GeneratedRegex(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (INFO |WARN |ERROR) gen=\d+ pid=\d+ Ips[.A-Za-z]+ \d{4} \S")]
    private static partial Regex Line();
}
