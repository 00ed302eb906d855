using System.Text.Json;
using Ips.Actors.Control;
using Ips.Actors.Launch;
using Ips.Actors.Lifecycle;
using Ips.Host.Cli;

namespace Ips.Host.Tests.Cli;

public sealed class LastGoodStartTests : IDisposable
{
    private const int Pid = 4242;
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(30);

    private readonly string _folder = Directory.CreateTempSubdirectory("ips-good-").FullName;
    private readonly StringWriter _output = new() { NewLine = "\n" };
    private readonly StringWriter _error = new() { NewLine = "\n" };
    private FakeLauncher? _launcher;

    private LastGoodRelease Release => new("1.1", $"{_folder}/releases/2/ips", ["run", "--config", "/etc/ips.conf"],
        $"{_folder}/releases/2", ["/srv/current/ips", "run", "--config", "/etc/ips.conf"], "/srv", 7,
            new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero));

    public void Dispose()
    {
        Directory.Delete(_folder, recursive: true);
        _output.Dispose();
        _error.Dispose();
    }

    [Fact]
    public async Task LastGood_Kept_IsStartedByItsOwnCommandLine()
    {
        Directory.CreateDirectory(Release.WorkingDirectory);
        await File.WriteAllTextAsync(Release.FileName, "");
        Keep(JsonSerializer.Serialize(Release, ControlJson.Default.LastGoodRelease));
        Assert.Equal(CliExitCode.Ok, await StartAsync());

        var launch = _launcher!.Launch!;
        Assert.Equal(Release.FileName, launch.FileName); // this release, whatever current leads to
        // what the next reload starts
        Assert.Equal("""["/srv","/srv/current/ips","run","--config","/etc/ips.conf"]""", launch.Environment["IPS_START_COMMAND"]);
        Assert.Equal(["run", "--config", "/etc/ips.conf"], launch.Arguments);
        Assert.Equal((Release.WorkingDirectory, Release.WorkingDirectory, "4"),
            (launch.WorkingDirectory, launch.Environment["PWD"], launch.Environment["IPS_START_FD"]));
        Assert.Equal("4242\n", _output.ToString());
        Assert.StartsWith("ips: starting release 1.1, which served from 2026-01-02T03:04:05Z on:", _error.ToString(),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task LastGood_ConfigurationIsBroken_IsStartedAllTheSame()
    {
        Directory.CreateDirectory(Release.WorkingDirectory);
        await File.WriteAllTextAsync(Release.FileName, "");
        await File.WriteAllTextAsync($"{_folder}/ips.conf", "ips { pid-file = ips.pid, drain.timeout = 0s }");
        Keep(JsonSerializer.Serialize(Release, ControlJson.Default.LastGoodRelease));
        Assert.Equal(CliExitCode.Ok, await StartAsync("--config", "ips.conf"));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("""{"release":"1","fileName":"/x","arguments":[],"workingDirectory":"/","command":[]"""
        + ""","commandDirectory":"/","generation":1,"since":"2026-01-02T03:04:05Z"}""")]
    public async Task LastGood_NoneKept_StartsNothing(string? content)
    {
        if (content is not null) Keep(content);
        Assert.Equal(CliExitCode.Failed, await StartAsync());
        Assert.Null(_launcher!.Launch);
        Assert.Contains($"there is no {_folder}/ips.pid.last-good, or it holds something else", _error.ToString(),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task LastGood_ReleaseWasDeleted_SaysSo()
    {
        Keep(JsonSerializer.Serialize(Release, ControlJson.Default.LastGoodRelease));
        Assert.Equal(CliExitCode.Failed, await StartAsync());
        Assert.Null(_launcher!.Launch);
        Assert.Contains($"The last good release 1.1 is gone: there is no {Release.FileName}", _error.ToString(), StringComparison.Ordinal);
    }

    private void Keep(string content) => File.WriteAllText(LastGoodFile.PathBeside($"{_folder}/ips.pid"), content);

    private Task<int> StartAsync(params string[] more)
    {
        _launcher = new FakeLauncher(self =>
        {
            var report = self.Take(StartReport.FileDescriptor);
            FakeLauncher.Write(report, StartReport.Serving(Pid, 1, ["http://127.0.0.1:1"]).Encode());
            FakeLauncher.Close(report);
            return Pid;
        });
        var console = new CliConsole(_output, _error, _folder, TimeProvider.System);
        var actions = new CliActions(console, (_, _) => throw new InvalidOperationException("nothing is served here"), _launcher,
            () => new("/srv/current/ips", []));
        return CliParser.InvokeAsync(RootCommandFactory.Create(actions), ["start", "--last-good", .. more], _output, _error)
            .WaitAsync(Bound);
    }
}
