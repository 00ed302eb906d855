using Ips.Actors.Launch;

namespace Ips.Actors.Tests.Launch;

public sealed class DotnetRunTests
{
    [Theory]
    [InlineData("dotnet run", "dotnet", "run")]
    [InlineData("dotnet run", "/usr/bin/dotnet", "run", "--project", "App", "--", "watch")]
    [InlineData("dotnet watch", "dotnet", "watch")]
    [InlineData("dotnet watch", "dotnet", "watch", "run")]
    [InlineData("dotnet watch", "/usr/share/dotnet/dotnet", "/sdk/DotnetTools/dotnet-watch/tools/dotnet-watch.dll")]
    [InlineData("dotnet watch", "dotnet", "exec", "/sdk/dotnet-watch.dll", "run")]
    [InlineData(null, "dotnet", "App.dll")]
    [InlineData(null, "dotnet", "App.dll", "run")]
    [InlineData(null, "dotnet", "test")]
    [InlineData(null, "dotnet")]
    [InlineData(null, "bash", "run")]
    [InlineData(null, "/opt/run/App", "run")]
    [InlineData(null)]
    public void Command_OfACommandLine_IsThatOfTheCli(string? expected, params string[] commandLine) =>
        Assert.Equal(expected, DotnetRun.Command(commandLine));
}
