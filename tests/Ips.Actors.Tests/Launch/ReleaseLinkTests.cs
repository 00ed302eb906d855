using Ips.Actors.Launch;

namespace Ips.Actors.Tests.Launch;

/// <summary>The link <c>current</c>, the names of releases, and how one that is not in place is started.</summary>
public sealed class ReleaseLinkTests
{
    [Theory]
    [InlineData("/srv/app/current/App", "/", "App", "/srv/app")]
    [InlineData("/srv/app/current/./App", "/", "App", "/srv/app")]
    [InlineData("/srv/app/current/bin/App", "/", "bin/App", "/srv/app")]
    [InlineData("/current/x/current/App", "/", "App", "/current/x")]
    [InlineData("/usr/bin/dotnet current/App.dll", "/srv/app", "App.dll", "/srv/app")]
    [InlineData("/usr/bin/dotnet App.dll", "/srv/app/current", "App.dll", "/srv/app")]
    [InlineData("/usr/bin/dotnet /srv/app/current/App.dll", "/", "App.dll", "/srv/app")]
    [InlineData("/usr/local/bin/app", "/srv/app/current", null, null)] // another release of it would start the same program
    [InlineData("/srv/app/App", "/srv/app", "App", null)]
    [InlineData("/srv/app/current", "/", null, null)]
    [InlineData("/srv/concurrent/App", "/currently", "App", null)]
    public void Of_AStart_IsTheFolderAboveTheLink(string command, string directory, string? program, string? folder)
    {
        var start = Start(command, directory);
        Assert.Equal(folder, ReleaseLink.Of(start, "App.dll")?.Folder);
        if (program is not null) Assert.Equal(program, ReleaseLink.ProgramOf(start, "App.dll"));
    }

    [Theory]
    [InlineData("/srv/app/current/App --x", "/", "/srv/app/releases/2/App --x", "/")]
    [InlineData("current/App --c=current/a.conf current", "/srv/app", "/srv/app/releases/2/App --c=/srv/app/releases/2/a.conf current",
        "/srv/app")]
    [InlineData("/usr/bin/dotnet current/App.dll --urls http://current/x", "/srv/app",
        "/usr/bin/dotnet /srv/app/releases/2/App.dll --urls http://current/x", "/srv/app")]
    [InlineData("/usr/bin/dotnet App.dll ./a", "/srv/app/current", "/usr/bin/dotnet App.dll ./a", "/srv/app/releases/2")]
    [InlineData("/srv/app/current/App --x=/srv/app/currently/y /srv/app/current", "/srv/app/current/sub",
        "/srv/app/releases/2/App --x=/srv/app/currently/y /srv/app/releases/2", "/srv/app/releases/2/sub")]
    public void Moved_ToARelease_NamesItWhereTheLinkWas(string command, string directory, string expected, string expectedDirectory)
    {
        var start = Start(command, directory);
        var moved = start.Moved("/srv/app/current", "/srv/app/releases/2");
        Assert.Equal(expected.Split(' '), moved.Arguments);
        Assert.Equal(expectedDirectory, moved.WorkingDirectory);
        Assert.Equal(Path.GetFullPath(expected.Split(' ')[0], "/"), moved.FileName);
    }

    [Theory]
    [InlineData("1.2.3", true)]
    [InlineData("1.2.3+ab-c_D", true)]
    [InlineData("20261130T170000Z", true)]
    [InlineData("", false)]
    [InlineData(".", false)]
    [InlineData("..", false)]
    [InlineData(".incoming-1", false)]
    [InlineData("-x", false)]
    [InlineData("a/b", false)]
    [InlineData("a b", false)]
    [InlineData("a\n", false)]
    [InlineData("ä", false)]
    public void Name_IsJudged(string name, bool good) => Assert.Equal(good, ReleaseName.Fault(name) is null);

    [Fact]
    public void Name_TooLong_IsRefused()
    {
        Assert.Null(ReleaseName.Fault(new string('a', ReleaseName.MaxLength)));
        Assert.Contains("101", ReleaseName.Fault(new string('a', ReleaseName.MaxLength + 1)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("my app (1).2", "my-app--1-.2")]
    [InlineData("../../etc", "etc")]
    [InlineData("...", null)]
    [InlineData(null, null)]
    public void Name_FromAText_IsOneOrNone(string? text, string? name) => Assert.Equal(name, ReleaseName.From(text));

    [Theory]
    [InlineData("/srv/releases/1/App", "1")]
    [InlineData("/srv/releases/1", "1")]
    [InlineData("/srv/releases/1/App (deleted)", "1")]
    [InlineData("/srv/releases", null)]
    [InlineData("/srv/releases/.incoming-1.2/App", null)]
    [InlineData("/srv/releasesX/1", null)]
    [InlineData(null, null)]
    public void NameIn_APath_IsTheFolderBelow(string? path, string? name) => Assert.Equal(name, ReleaseLink.NameIn("/srv/releases", path));

    [Theory]
    [InlineData("App", true)]
    [InlineData("bin/App..dll", true)]
    [InlineData("", false)]
    [InlineData("/etc/x", false)]
    [InlineData("../x", false)]
    [InlineData("bin/../../x", false)]
    [InlineData("a\0b", false)]
    public void IsInside_AProgramThatAServiceNames_NeverLeavesTheRelease(string path, bool inside) =>
        Assert.Equal(inside, ReleaseLink.IsInside(path));

    [Fact]
    public void Journal_Written_ReadsTheSameAndIgnoresWhatItDoesNotKnow()
    {
        var at = DateTimeOffset.UnixEpoch;
        var asked = new AskedRelease("2", true, at);
        var journal = new DeployJournal { Promoted = ["1"], Refused = ["x"], Asked = asked };
        var read = DeployJournal.Decode(journal.Encode());
        Assert.Equal(("1", "x", asked), (Assert.Single(read.Promoted), Assert.Single(read.Refused), read.Asked));
        Assert.Equal(["1"], DeployJournal.Decode("""{"promoted":["1"],"tomorrow":{}}"""u8.ToArray()).Promoted);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("null")]
    [InlineData("""{"promoted":null}""")]
    [InlineData("""{"asked":{}}""")]
    [InlineData("""{"pinned":{}}""")]
    [InlineData("[1]")]
    public void Journal_HalfWritten_IsAnEmptyOne(string text) =>
        Assert.Empty(DeployJournal.Decode(System.Text.Encoding.UTF8.GetBytes(text)).Promoted);

    [Fact]
    public void Journal_DeployRollbackDeploy_KnowsWhatIsGoodAndWhatIsPinned()
    {
        var at = DateTimeOffset.UnixEpoch;
        var first = new DeployJournal().AfterPromotion(new AskedRelease("2", false, at), "1");
        Assert.Equal(["1", "2"], first.Promoted); // the one that was put there by hand served as well
        var back = first.AfterPromotion(new AskedRelease("1", true, at), "2");
        Assert.Equal(["2", "1"], back.Promoted);
        Assert.Equal(("2", new PinnedRelease("1", at)), (Assert.Single(back.Refused), back.Pinned));
        var next = back.AfterRefusal("3").AfterPromotion(new AskedRelease("2", false, at), "1");
        Assert.Equal(["1", "2"], next.Promoted);
        Assert.Equal(("3", null), (Assert.Single(next.Refused), next.Pinned));
    }

    private static StartCommand Start(string command, string directory)
    {
        var arguments = command.Split(' ');
        return new(Path.Combine(directory, arguments[0]), arguments, directory, new Dictionary<string, string>());
    }
}
