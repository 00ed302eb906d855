using Ips.Actors.Configuration;

namespace Ips.Actors.Tests.Configuration;

public sealed class ConfigurationChangeTests
{
    [Fact]
    public void Between_TwoConfigurations_NamesWhatBothKnowAndDiffersIn()
    {
        Dictionary<string, string> old = new() { ["a"] = "1", ["b"] = "2", ["gone"] = "3" };
        Dictionary<string, string> now = new() { ["a"] = "1", ["b"] = "4", ["new"] = "5" };
        Assert.Equal([new ConfigurationChange("b", "2", "4")], ConfigurationChange.Between(old, now));
    }

    [Theory]
    [InlineData("ips.log-file", "/a", "/b", false, null)]
    [InlineData("ips.log-file", "null", "/b", false, null)]
    [InlineData("ips.log-file", "/a", "null", true, "ips.log-file was /a and is not set now")]
    [InlineData("ips.group", "www", "null", false, "ips.group was www and is not set now")]
    [InlineData("ips.group", "www", "null", true, null)]
    [InlineData("ips.drain.timeout", "1s", "2s", false, null)]
    public void Refusal_OfOneChange_NamesTheKeyThatCannotBeUndone(string key, string old, string now, bool isRoot, string? words)
    {
        var refusal = ConfigurationChange.Refusal([new(key, old, now)], isRoot);
        if (words is null) Assert.Null(refusal);
        else Assert.StartsWith(words, refusal, StringComparison.Ordinal);
    }
}
