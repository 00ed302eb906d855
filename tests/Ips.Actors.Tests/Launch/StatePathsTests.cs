using Ips.Actors.Files;
using Ips.Actors.Launch;
using Ips.Actors.Tests.Support;

namespace Ips.Actors.Tests.Launch;

/// <summary>Where what outlives a reboot is kept.</summary>
[Trait("issue", "16")]
[Collection(nameof(StatePathsTests))]
public sealed class StatePathsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly string? _before = Environment.GetEnvironmentVariable("STATE_DIRECTORY");

    [Fact]
    public void Of_AStateDirectory_IsThereByTheNameOfThePidFile()
    {
        var state = Directory.CreateDirectory(_folder.File("state")).FullName;
        Environment.SetEnvironmentVariable("STATE_DIRECTORY", $"{state}:{_folder.File("other")}");
        Assert.Equal($"{state}/ips.pid.history", HistoryFile.PathOf("/run/ips/ips.pid"));
        Assert.Equal($"{state}/ips.pid.last-good", LastGoodFile.PathOf("/run/ips/ips.pid"));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("relative")]
    [InlineData("/nowhere/at/all")]
    public void Of_NoStateDirectory_IsBesideThePidFile(string? value)
    {
        Environment.SetEnvironmentVariable("STATE_DIRECTORY", value);
        Assert.Equal("/srv/app.pid.history", HistoryFile.PathOf("/srv/app.pid"));
        Assert.Equal("/srv/app.pid.history", HistoryFile.Find("/srv/app.pid"));
        Assert.Equal("/run/ips/app.pid.history", HistoryFile.Find("/run/ips/app.pid")); // no unit keeps it elsewhere
    }

    public void Dispose()
    {
        Environment.SetEnvironmentVariable("STATE_DIRECTORY", _before);
        _folder.Dispose();
    }
}
