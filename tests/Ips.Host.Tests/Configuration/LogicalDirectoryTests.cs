using Ips.Host.Configuration;

namespace Ips.Host.Tests.Configuration;

public sealed class LogicalDirectoryTests
{
    [Theory]
    [InlineData("/srv/current", true, "/srv/current")]
    [InlineData("/srv/current", false, "/srv/releases/1")]
    [InlineData(null, true, "/srv/releases/1")]
    [InlineData("", true, "/srv/releases/1")]
    [InlineData("current", true, "/srv/releases/1")]
    [InlineData("/srv/./current", true, "/srv/releases/1")]
    [InlineData("/srv/x/../current", true, "/srv/releases/1")]
    public void Choose_Pwd_CountsOnlyIfItNamesTheDirectory(string? pwd, bool same, string expected) =>
        Assert.Equal(expected, LogicalDirectory.Choose(pwd, "/srv/releases/1", (_, _) => same));
}
