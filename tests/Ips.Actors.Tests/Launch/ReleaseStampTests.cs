using Ips.Actors.Launch;
using Ips.Actors.Lifecycle;
using Ips.Actors.Reloader;
using Ips.Actors.Tests.Support;

namespace Ips.Actors.Tests.Launch;

/// <summary>Whether the release in place is another one: what was touched is, so that no deploy is dropped for an old one's
/// fault.</summary>
public sealed class ReleaseStampTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public ReleaseStampTests()
    {
        foreach (var release in new[] { "1", "2" })
        {
            Directory.CreateDirectory(_folder.File(release));
            File.WriteAllText(_folder.File($"{release}/app"), "program");
            File.WriteAllText(_folder.File($"{release}/app.dll"), "code");
        }

        File.WriteAllText(_folder.File("app.conf"), "a = 1");
        File.WriteAllText(_folder.File("app.log"), "");
        File.CreateSymbolicLink(_folder.File("current"), _folder.File("1"));
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Take_NothingChanged_IsEqual() => Assert.Equal(Take(), Take());

    [Theory]
    [InlineData("1/app")]
    [InlineData("1/app.dll")]
    [InlineData("app.conf")] // named by --config
    [InlineData("env")]
    public void Take_AFileWasWritten_IsAnother(string file)
    {
        var before = Take();
        File.WriteAllText(_folder.File(file), "another text");
        Assert.NotEqual(before, Take());
    }

    [Fact]
    public void Take_LinkSwitchedToTheSameFiles_IsAnother()
    {
        var before = Take();
        File.Delete(_folder.File("current"));
        File.CreateSymbolicLink(_folder.File("current"), _folder.File("2"));
        Assert.NotEqual(before, Take());
    }

    [Fact]
    public void Take_LogGrewAndAnotherFileCame_IsEqual()
    {
        var before = Take();
        File.AppendAllText(_folder.File("app.log"), "a line");
        File.WriteAllText(_folder.File("current/app.db"), "data");
        Assert.Equal(before, Take());
    }

    [Fact]
    public void Take_ProgramIsGone_IsAnother()
    {
        var before = Take();
        File.Delete(_folder.File("1/app"));
        Assert.NotEqual(before, Take());
    }

    private ReleaseStamp Take() => ReleaseStamps.Take(
        new StartCommand(
            _folder.File("current/app"), ["app", "--config", "app.conf", $"--log={_folder.File("app.log")}"], _folder.File(""),
            new Dictionary<string, string>()),
        [_folder.File("env")], [_folder.File("app.log")]);
}
