using System.Text;
using Ips.Actors.Diagnostics;
using Ips.Actors.Posix;
using Microsoft.Extensions.Logging;

namespace Ips.Actors.Tests.Diagnostics;

public sealed class JournalTests
{
    [Theory]
    [InlineData(LogLevel.Trace, "<7>")]
    [InlineData(LogLevel.Debug, "<7>")]
    [InlineData(LogLevel.Information, "<6>")]
    [InlineData(LogLevel.Warning, "<4>")]
    [InlineData(LogLevel.Error, "<3>")]
    [InlineData(LogLevel.Critical, "<2>")]
    public void Prefix_Level_IsSyslogsNumber(LogLevel level, string expected) =>
        Assert.Equal(expected, Encoding.ASCII.GetString(JournalPriority.Prefix(level)));

    [Theory]
    [InlineData("<6>text", "text")]
    [InlineData("text", "text")]
    [InlineData("<9>text", "<9>text")]
    [InlineData("<html>", "<html>")]
    public void Strip_Line_LosesAPrefixOnly(string line, string expected) =>
        Assert.Equal(expected, Encoding.ASCII.GetString(JournalPriority.Strip(Encoding.ASCII.GetBytes(line))));

    [Theory]
    [InlineData("8:1234", true)]
    [InlineData("8:1235", false)]
    [InlineData("9:1234", false)]
    [InlineData("", false)]
    public void Names_DeviceAndInode_AreCompared(string stream, bool expected) =>
        Assert.Equal(expected, JournalStream.Names(stream, new FileIdentity(Device: 8, Inode: 1234, BornAtNs: 0)));

    // makedev(259, 65540), which needs the upper bits of both.
    [Fact]
    public void Names_LargeDevice_IsPutTogetherAsTheCLibraryDoes() =>
        Assert.True(JournalStream.Names($"{(259UL << 8) | (65540UL & 0xff) | ((65540UL & ~0xffUL) << 12)}:1",
            new FileIdentity(Device: 259UL << 32 | 65540, Inode: 1, BornAtNs: 0)));
}
