
using System.Text;
using System.Text.Json;
using Ips.Actors.Handover;
using Ips.Actors.Launch;
using Ips.Actors.Lifecycle;

namespace Ips.Actors.Tests.Receipts;

public sealed class LastGoodTests
{
    private static readonly Dictionary<string, string> Variables = new()
    {
        ["PATH"] = "/bin", ["IPS_START_COMMAND"] = "x",
        ["IPS_OUTPUT_FDS"] = "4,5,6,7"
    };

    [Fact]
    public void Describe_ProgramBehindALink_NamesTheReleaseAndKeepsTheCommand()
    {
        var command = Command("/srv/current/ips", "/srv/current/ips", "run");
        var kept = LastGoodFile.Describe(command, "/srv/releases/7/ips", "/srv/releases/7/", "/srv/releases/7");
        Assert.Equal(("/srv/releases/7/ips", "/srv/releases/7", "/srv/current"),
            (kept.FileName, kept.WorkingDirectory, kept.CommandDirectory));
        Assert.Equal(["run"], kept.Arguments);
        Assert.Equal(["/srv/current/ips", "run"], kept.Command);
    }

    /// <summary>The file is written without the serializer, which would be compiled for it at each start.</summary>
    [Fact]
    public void Encode_AnyRelease_IsWhatTheSerializerWritesAndReads()
    {
        var release = new LastGoodRelease(
            "1.2.3+é\"<", "/srv/réleases/7/ips", ["run", "--x=\u0001'&", ""], "/srv", [], "/srv/current", 3,
            new DateTimeOffset(2026, 1, 2, 3, 4, 5, 678, TimeSpan.FromHours(-7)).AddTicks(9));

        var encoded = LastGoodFile.Encode(release);

        Assert.Equal(
            JsonSerializer.Serialize(release, ReceiptJson.Default.LastGoodRelease) + "\n", Encoding.UTF8.GetString(encoded));
        var read = JsonSerializer.Deserialize(encoded, ReceiptJson.Default.LastGoodRelease)!;
        Assert.Equal(release with { Arguments = [], Command = [] }, read with { Arguments = [], Command = [] });
        Assert.Equal(release.Arguments, read.Arguments);
    }

    /// <summary>Two are kept; a restart of the same release forgets neither.</summary>
    [Fact]
    public void Before_ThePreviousRelease_IsKeptUntilAnotherServes()
    {
        var (one, two, three) = (Good("1"), Good("2"), Good("3"));
        Assert.Null(LastGoodFile.Before(one, null));
        Assert.Equal(one, LastGoodFile.Before(two, one));
        var kept = two with { Previous = one };
        Assert.Equal(one, LastGoodFile.Before(two, kept));
        Assert.Equal(two, LastGoodFile.Before(three, kept));
        var encoded = LastGoodFile.Encode(kept);
        Assert.Equal(JsonSerializer.Serialize(kept, ReceiptJson.Default.LastGoodRelease) + "\n", Encoding.UTF8.GetString(encoded));
        Assert.Equal("/srv/releases/1/ips", JsonSerializer.Deserialize(encoded, ReceiptJson.Default.LastGoodRelease)!.Previous!.FileName);
    }

    [Fact]
    public void TryRead_FilesOfEitherBuild_AreUnderstood()
    {
        using var folder = new Support.TemporaryFolder();
        var path = folder.File("last-good");
        File.WriteAllBytes(path, LastGoodFile.Encode(Good("2"))); // as an older build writes it
        Assert.True(LastGoodFile.TryRead(path) is { FileName: "/srv/releases/2/ips", Previous: null });
        // What of the previous one is not whole does not cost the last good one.
        File.WriteAllText(path, Encoding.UTF8.GetString(LastGoodFile.Encode(Good("2"))).TrimEnd().TrimEnd('}')
            + ",\"previous\":{\"release\":\"x\"}}");
        Assert.True(LastGoodFile.TryRead(path) is { FileName: "/srv/releases/2/ips", Previous: null });
    }

    [Fact]
    public void ProgramOf_AnAssemblyRunByDotnet_IsTheAssembly()
    {
        var release = Good("1") with { FileName = "/usr/share/dotnet/dotnet", Arguments = ["/srv/releases/1/app.dll", "--x"] };
        Assert.Equal("/srv/releases/1/app.dll", LastGoodFile.ProgramOf(release));
        Assert.Equal("/srv/releases/1/ips", LastGoodFile.ProgramOf(Good("1")));
    }

    private static LastGoodRelease Good(string name) => new(
        name, $"/srv/releases/{name}/ips", ["run"], "/srv", ["/srv/current/ips", "run"], "/srv", 1, DateTimeOffset.UnixEpoch);

    [Fact]
    public void Describe_AssemblyRunByDotnet_IsPinnedToTheRelease()
    {
        using var folder = new Support.TemporaryFolder();
        File.WriteAllText(folder.File("app.dll"), "");
        var kept = LastGoodFile.Describe(Command("/usr/bin/dotnet", "dotnet", "current/app.dll", "--x"), "/usr/share/dotnet/dotnet",
            folder.Path, "/srv");
        Assert.Equal([folder.File("app.dll"), "--x"], kept.Arguments);
        Assert.Equal(["/usr/bin/dotnet", "current/app.dll", "--x"], kept.Command);
    }

    [Fact]
    public void Command_Overridden_IsTheOneOfTheVariable()
    {
        var encoded = StartCommand.Encode("/srv/current", ["/srv/current/ips", "run", "a b", ""]);
        var command = Command("/srv/releases/7/ips", "/srv/releases/7/ips", "run").Overridden(encoded);
        Assert.Equal(("/srv/current/ips", "/srv/current"), (command.FileName, command.WorkingDirectory));
        Assert.Equal(["/srv/current/ips", "run", "a b", ""], command.Arguments);
        Assert.Equal(["PATH"], command.Environment.Keys); // meant for one process only
    }

    [Fact]
    public void Command_NotOverridden_StaysItself()
    {
        var command = Command("/srv/current/ips", "ips");
        Assert.Same(command, command.Overridden(null));
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("""["/srv"]""")]
    [InlineData("""["srv","/srv/ips"]""")]
    [InlineData("""{"a":1}""")]
    public void Command_OverriddenByGarbage_IsRefused(string encoded) =>
        Assert.Contains("IPS_START_COMMAND", Assert.Throws<HandoverRefusedException>(() => Command("/x", "x").Overridden(encoded)).Message,
            StringComparison.Ordinal);

    private static StartCommand Command(string fileName, params string[] arguments) =>
        StartCommand.From(arguments, Variables, "/srv/current", fileName, path => path == fileName);
}
