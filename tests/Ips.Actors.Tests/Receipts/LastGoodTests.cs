
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
