using Ips.Actors.Posix;
using Ips.Host.Cli;

namespace Ips.Host.Tests.Cli;

public sealed class ProcParserTests
{
    [Fact]
    public void NetUnix_GoldenTable_GivesThePathsThatListen()
    {
        const string table = """
            Num       RefCount Protocol Flags    Type St Inode Path
            0000000000000000: 00000002 00000000 00010000 0001 01 20001 /run/ips.pid.sock
            0000000000000000: 00000003 00000000 00000000 0001 03 20002 /run/ips.pid.sock
            0000000000000000: 00000002 00000000 00010000 0001 01 20003 @abstract.sock
            0000000000000000: 00000002 00000000 00010000 0005 01 20004 /run/udev/control.sock
            0000000000000000: 00000002 00000000 00000000 0002 01 20005 /run/log.sock
            0000000000000000: 00000003 00000000 00000000 0001 03 20006
            0000000000000000: 00000002 00000000 00010000 0001 01 20007 /srv/a b/with  two.sock
            garbage
            0000000000000000: 00000002 00000000 xyz 0001 01 20008 /x.sock
            0000000000000000: 00000002 00000000 00010000 0001 01 20009 run/relative.sock

            """;
        Assert.Equal([new(20001, "/run/ips.pid.sock"), new(20007, "/srv/a b/with  two.sock"), new(20009, "run/relative.sock")],
            ProcNetUnixParser.Parse(table));
    }

    [Fact]
    public void NetUnix_Empty_GivesNone()
    {
        Assert.Empty(ProcNetUnixParser.Parse(""));
        Assert.Empty(ProcNetUnixParser.Parse("Num       RefCount Protocol Flags    Type St Inode Path\n"));
    }

    [Theory]
    [InlineData("77 (ips) S 1 77 77 0 -1 4194560 1 0 0 0 1 2 0 0 20 0 9 0 123456 1 2 3", 'S', 123456, false)]
    [InlineData("77 (a) b (c)) Z 1 77 77 0 -1 4194560 1 0 0 0 1 2 0 0 20 0 1 0 123456 1 2 3\n", 'Z', 123456, true)]
    // its first thread has ended, eight others run
    [InlineData("77 (ips) Z 1 77 77 0 -1 4194560 1 0 0 0 1 2 0 0 20 0 9 0 123456 1 2 3", 'Z', 123456, false)]
    [InlineData("77 (ips) X 1 77 77 0 -1 4194560 1 0 0 0 1 2 0 0 20 0 0 0 123456 1 2 3", 'X', 123456, true)]
    public void Stat_GoldenLine_GivesStateAndStart(string text, char state, long start, bool ended)
    {
        var stat = Assert.NotNull(ProcStat.Parse(text));
        Assert.Equal((state, start, ended), (stat.State, stat.StartTicks, stat.HasEnded));
    }

    [Theory]
    [InlineData("")]
    [InlineData("77 ips S 1")]
    [InlineData("77 (ips) S 1 2 3")]
    [InlineData("77 (ips) S 1 77 77 0 -1 4194560 1 0 0 0 1 2 0 0 20 0 9 0 soon 1")]
    public void Stat_AnythingElse_IsNull(string text) => Assert.Null(ProcStat.Parse(text));
}
