
using Ips.Actors.Launch;

namespace Ips.Actors.Tests.Launch;

/// <summary>How a successor is started: docs/pitfalls.md, 9 and 10.</summary>
public sealed class StartCommandTests
{
    private static readonly Dictionary<string, string> Environment = new()
    {
        ["PATH"] = "/usr/bin:/opt/current/bin::bin",
        ["HOME"] = "/root"
    };

    [Fact]
    public void From_AbsolutePathThroughALink_KeepsTheLink() =>
        Assert.Equal("/srv/current/ips", From(["/srv/current/ips", "run"], "/").FileName);

    [Fact]
    public void From_RelativePath_IsUnderTheLogicalDirectory()
    {
        var command = From(["./ips", "run"], "/srv/current");
        Assert.Equal(("/srv/current/./ips", "/srv/current"), (command.FileName, command.WorkingDirectory));
        Assert.Equal(["./ips", "run"], command.Arguments); // argv as it was, argv[0] included
    }

    [Fact]
    public void From_BareName_IsFoundThroughPathInOrderWithoutFollowingLinks() =>
        Assert.Equal("/opt/current/bin/ips", From(["ips"], "/srv", path => path is "/opt/current/bin/ips" or "/srv/bin/ips").FileName);

    [Fact]
    public void From_BareName_RelativePathEntryIsUnderTheLogicalDirectory() =>
        Assert.Equal("/srv/bin/ips", From(["ips"], "/srv", path => path == "/srv/bin/ips").FileName);

    [Fact]
    public void From_DotnetWithADll_StartsDotnetWithTheSameArguments()
    {
        var command = From(["dotnet", "current/app.dll", "--urls", ""], "/srv", path => path == "/usr/bin/dotnet");
        Assert.Equal("/usr/bin/dotnet", command.FileName);
        Assert.Equal(["dotnet", "current/app.dll", "--urls", ""], command.Arguments);
        Assert.Equal("/srv", command.WorkingDirectory); // what current/ is resolved against by the successor
    }

    [Fact]
    public void From_NameThatIsNoFile_FallsBackToTheRealProgram() =>
        Assert.Equal("/srv/releases/1/ips", From(["[renamed] ips"], "/srv", _ => false).FileName);

    [Fact]
    public void From_NoArguments_UsesTheRealProgram()
    {
        var command = From([], "/srv", path => path == "/srv/releases/1/ips");
        Assert.Equal("/srv/releases/1/ips", command.FileName);
        Assert.Equal(["/srv/releases/1/ips"], command.Arguments);
    }

    [Fact]
    public void From_Environment_LosesOnlyWhatBelongsToOneProcess()
    {
        var environment = new Dictionary<string, string>(Environment)
        {
            ["IPS_HANDOVER_FD"] = "3", ["IPS_HANDOVER_GENERATION"] = "4", ["IPS_START_FD"] = "4", ["IPS_OUTPUT_FDS"] = "5,6",
            ["LISTEN_PID"] = "1", ["LISTEN_FDS"] = "2",
            ["LISTEN_FDNAMES"] = "http", ["LISTENER"] = "kept", ["PWD"] = "/srv", ["listen_fds"] = "kept",
        };
        var command = StartCommand.From(["/srv/ips"], environment, "/srv", "/srv/ips", _ => true);
        Assert.Equal(["HOME", "LISTENER", "PATH", "PWD", "listen_fds"], command.Environment.Keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void From_NoPath_FallsBack() =>
        Assert.Equal("/srv/releases/1/ips", StartCommand.From(["ips"], new Dictionary<string, string>(), "/srv", "/srv/releases/1/ips",
            _ => true).FileName);

    [Theory]
    [InlineData("/srv/current", true, "/srv/current")]
    [InlineData("/srv/elsewhere", false, "/srv/releases/1")] // PWD of another directory: somebody changed directory without a shell
    [InlineData("srv", true, "/srv/releases/1")]
    [InlineData("", true, "/srv/releases/1")]
    [InlineData(null, true, "/srv/releases/1")]
    public void LogicalDirectory_IsPwdIfItIsTheSamePlace(string? pwd, bool same, string expected) =>
        Assert.Equal(expected, StartCommand.LogicalDirectory(pwd, "/srv/releases/1", ["ips"], (_, _) => same));

    [Theory]
    [InlineData("/srv/current/ips", "/srv/releases/1", "/srv/current")]
    // the working directory is another folder of the release
    [InlineData("/srv/current/bin/ips", "/srv/releases/1/data", "/srv/current/data")]
    [InlineData("/srv/releases/1/ips", "/srv/releases/1", "/srv/releases/1")]
    [InlineData("/usr/bin/ips", "/srv/releases/1", "/srv/releases/1")]
    [InlineData("./ips", "/srv/releases/1", "/srv/releases/1")] // which link led here, nobody knows
    [InlineData("/srv/current/ips", "/", "/")]
    public void LogicalDirectory_NoPwd_IsByTheLinksOfTheProgram(string program, string real, string expected)
    {
        Assert.Equal(expected, StartCommand.LogicalDirectory(null, real, [program, "run"], Same));
        Assert.Equal(expected, StartCommand.LogicalDirectory("/elsewhere", real, ["/usr/bin/dotnet", program], Same));

        static bool Same(string one, string other) => Resolve(one) == Resolve(other);
        static string Resolve(string path) => path.Replace("/srv/current", "/srv/releases/1", StringComparison.Ordinal);
    }

    private static StartCommand From(IReadOnlyList<string> arguments, string directory, Func<string, bool>? exists = null) =>
        StartCommand.From(arguments, Environment, directory, "/srv/releases/1/ips", exists ?? (_ => true));

    [Theory]
    [InlineData("/srv/app/current/App.dll", "/srv/app/current", "dotnet", "App.dll", "--urls", "x")] // a link stays one
    [InlineData("/srv/app/App.dll", "/srv/app/other", "dotnet", "../App.dll")]
    [InlineData("/opt/App.dll", "/srv", "dotnet", "exec", "/opt/App.dll")]
    [InlineData("/usr/bin/dotnet", "/srv", "dotnet", "Other.dll")] // an unknown way to run it: the program stands for it
    [InlineData("/usr/bin/dotnet", "/srv", "dotnet")]
    public void AppPath_OfACommand_IsTheAppByItsLogicalPath(string expected, string directory, params string[] arguments) =>
        Assert.Equal(expected,
            new StartCommand("/usr/bin/dotnet", arguments, directory, new Dictionary<string, string>()).AppPath("App.dll"));

    [Fact]
    public void AppPath_OfAnExecutable_IsTheExecutable() =>
        Assert.Equal("/srv/current/App",
            new StartCommand("/srv/current/App", ["./App", "x"], "/srv/current", new Dictionary<string, string>()).AppPath("App.dll"));
}
