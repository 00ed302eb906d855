using Ips.Actors.Configuration;

namespace Ips.Actors.Tests.Configuration;

public sealed class KeySuggestionTests
{
    [Theory]
    [InlineData("ips.drain.timout", "ips.drain.timeout")]
    [InlineData("ips.drian.timeout", "ips.drain.timeout")]
    [InlineData("ips.drain.time_out", "ips.drain.timeout")]
    [InlineData("ips.drain.tiemout", "ips.drain.timeout")]
    [InlineData("ips.pdi-flie", "ips.pid-file")]
    [InlineData("ips.backlog", "ips.listener.backlog")]
    [InlineData("ips.pidfile", "ips.pid-file")]
    [InlineData("drain.timeout", "ips.drain.timeout")]
    [InlineData("ips.database", null)]
    public void Nearest_UnknownKey_IsTheOneThatWasMeant(string unknown, string? meant) =>
        Assert.Equal(meant, KeySuggestion.Nearest(unknown, [.. IpsKeys.All.Keys.Select(key => key.Path)]));
}
