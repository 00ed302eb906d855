
using Ips.Actors.Launch;

namespace Ips.Actors.Tests.Launch;

public sealed class ActivationTests
{
    [Theory]
    [InlineData(null, null, null, "")]
    [InlineData("2", "99", null, "3 unknown, 4 unknown")]
    [InlineData("2", "99", "web.socket:admin", "3 web.socket, 4 admin")]
    [InlineData("0", "99", null, "")]
    [InlineData("2", "98", "a:b", "")] // meant for another process, which has passed its environment on
    [InlineData("2", null, "a:b", "")]
    public void Parse_Variables_GiveDescriptorsFrom3(string? count, string? pid, string? names, string expected) =>
        Assert.Equal(expected, string.Join(", ", Parse(count, pid, names).Select(socket => $"{socket.Fd} {socket.Name}")));

    [Theory]
    [InlineData("two", null, "LISTEN_FDS is 'two'")]
    [InlineData("-1", null, "LISTEN_FDS is '-1'")]
    [InlineData("2", "one", "LISTEN_FDNAMES has 1 names for 2 sockets")]
    public void Parse_Contradiction_IsToldWithItsVariable(string count, string? names, string message) =>
        Assert.Contains(message, Assert.Throws<SocketActivationException>(() => Parse(count, "99", names)).Message,
            StringComparison.Ordinal);

    private static IReadOnlyList<PassedSocket> Parse(string? count, string? pid, string? names) => ActivationParser.Parse(
        name => name switch { "LISTEN_FDS" => count, "LISTEN_PID" => pid, "LISTEN_FDNAMES" => names, _ => null }, pid: 99);
}
