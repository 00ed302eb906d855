using Ips.Actors.Configuration;

namespace Ips.Actors.Tests.Configuration;

public sealed class EnvironmentFileParserTests
{
    [Fact]
    public void TryParse_EveryKindOfLine_GivesTheVariables()
    {
        const string text = "# comment\n\n A=1 \nexport B=two words\nC=\"a \\\"b #c\"\nD='x=y'\nE=\nunset F\nA=2\r\n";
        Assert.Null(EnvironmentFileParser.TryParse(text, "/etc/ips.env", out var variables));
        Assert.Equal(
            new Dictionary<string, string?>
            {
                ["A"] = "2", ["B"] = "two words", ["C"] = "a \\\"b #c", ["D"] = "x=y", ["E"] = "",
                ["F"] = null
            },
            variables);
    }

    [Theory]
    [InlineData("A=1\nnonsense", 2, "no '='")]
    [InlineData("1A=1", 1, "name of a variable")]
    [InlineData("A B=1", 1, "name of a variable")]
    [InlineData("=1", 1, "name of a variable")]
    [InlineData("unset", 1, "no '='")]
    [InlineData("\n\nA=\"open", 3, "does not end")]
    [InlineData("A='", 1, "does not end")]
    [InlineData("IPS_HANDOVER_FD=3", 1, "belong to the handover")]
    [InlineData("unset LISTEN_FDS", 1, "belong to the handover")]
    [InlineData("NOTIFY_SOCKET=/run/x", 1, "the service manager's")]
    [InlineData("unset NOTIFY_SOCKET", 1, "the service manager's")]
    [InlineData("A=1\nexport WATCHDOG_USEC=1", 2, "WATCHDOG_USEC cannot be set here")]
    [InlineData("A=a\0b", 1, "NUL")]
    public void TryParse_WrongLine_IsToldByFileAndLine(string text, int line, string what)
    {
        var fault = EnvironmentFileParser.TryParse(text, "/etc/ips.env", out _);
        Assert.StartsWith($"/etc/ips.env:{line}: ", fault, StringComparison.Ordinal);
        Assert.Contains(what, fault, StringComparison.Ordinal);
    }

    [Fact]
    public void TryParse_LineWithoutAName_ShowsNoSecret() =>
        Assert.DoesNotContain("secret", EnvironmentFileParser.TryParse("password of secret", "f", out _), StringComparison.Ordinal);
}
