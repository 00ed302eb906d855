using Ips.Host.Cli;

namespace Ips.Host.Tests.Cli;

public sealed class SelfCommandTests
{
    private static readonly string[] Files = ["/srv/current/ips", "/srv/current/bin/ips", "/usr/bin/dotnet", "/opt/links/ips"];

    [Theory]
    [InlineData("/srv/current/ips start", "/srv/current/ips", "")]
    [InlineData("./ips start", "/srv/current/ips", "")]
    [InlineData("bin/ips start", "/srv/current/bin/ips", "")]
    [InlineData("ips start", "/opt/links/ips", "")]
    [InlineData("dotnet ips.dll start", "/usr/bin/dotnet", "/srv/current/ips.dll")]
    [InlineData("dotnet exec /abs/ips.dll start", "/usr/bin/dotnet", "exec /abs/ips.dll")]
    [InlineData("/gone/ips start", "/kernel/ips", "")]
    [InlineData("unknown start", "/kernel/ips", "")]
    [InlineData("start", "/kernel/ips", "")]
    public void Resolve_CommandLine_KeepsTheLinks(string line, string file, string prefix)
    {
        var self = SelfCommand.Resolve(line.Split(' '), 1, "/srv/current", "/usr/bin:/opt/links", Files.Contains, "/kernel/ips");
        Assert.Equal((file, prefix), (self.FileName, string.Join(' ', self.Prefix)));
    }

    [Fact]
    public void OfThisProcess_TheTestHost_IsARealFile() => Assert.True(File.Exists(SelfCommand.OfThisProcess(0).FileName));
}
