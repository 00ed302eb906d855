
using Ips.Actors.Configuration;
using Ips.Actors.Launch;

namespace Ips.Actors.Tests.Launch;

public sealed class FormerSettingsTests
{
    [Fact]
    public void Of_Options_HasEachKeyAndTheAppsOwn()
    {
        var settings = FormerSettings.Of(new IpsOptions
        {
            LogFile = "/a", DescribeConfiguration = () => new Dictionary<string, string> { ["app.key"] = "1" },
        });
        Assert.Equal(IpsKeys.All.Keys.Select(key => key.Path).Append("app.key").Order(StringComparer.Ordinal),
            settings.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(("/a", "null", "1"), (settings["ips.log-file"], settings["ips.listener.unix-mode"], settings["app.key"]));
    }

    [Fact]
    public void Decode_Encoded_IsWhatThatProcessSaid()
    {
        Dictionary<string, string> settings = new() { ["ips.log-file"] = "/a \"b\"" };
        Assert.Equal(settings, FormerSettings.Decode(FormerSettings.Encode(7, settings), 7));
        Assert.Null(FormerSettings.Decode(FormerSettings.Encode(7, settings), 8)); // passed on by a release that does not know the variable
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("{\"pid\":\"7\",\"a\":null}")]
    [InlineData("{\"pid\":\"7\",\"a\":1}")]
    public void Decode_SomethingElse_IsNothing(string? text) => Assert.Null(FormerSettings.Decode(text, 7));
}
