using Ips.Actors.Configuration;

namespace Ips.Actors.Tests.Configuration;

/// <summary>A message names the key that its reader has.</summary>
[Trait("issue", "14")]
public sealed class KeyNamesTests
{
    [Theory]
    [InlineData("Stop it, or use another ips.pid-file.", "Stop it, or use another Ips:PidFile.")]
    [InlineData("a limit (ips.drain.h2-pause)", "a limit (Ips:Drain:H2Pause)")]
    [InlineData("a state (ips.websockets.max-state)", "a state (Ips:Websockets:MaxState)")]
    [InlineData("ips.takeover.socket, ips.takeover.group", "Ips:Takeover:Socket, Ips:Takeover:Group")]
    [InlineData("a line of ips.listener", "a line of Ips:Listener")]
    [InlineData("ips.reload.max-error-ratio = 0.1", "Ips:Reload:MaxErrorRatio = 0.1")]
    [InlineData("/run/ips.pid, ips.pid and ips.pid-file.sock", "/run/ips.pid, ips.pid and Ips:PidFile.sock")]
    [InlineData("/run/ips.drain/x ips.urls", "/run/ips.drain/x ips.urls")]
    public void In_AnApp_IsTheSection(string hocon, string app)
    {
        Assert.Equal(app, KeyNames.In(new IpsOptions(), hocon));
        Assert.Equal(hocon, KeyNames.In(new IpsOptions { HasHoconKeys = true }, hocon));
    }

    [Fact]
    public void In_EveryKey_IsItsPropertysPath()
    {
        Assert.All(IpsKeys.All.Keys, key =>
        {
            var name = KeyNames.In(new IpsOptions(), key.Path);
            var owner = name.Split(':')[1..^1].Aggregate(typeof(IpsOptions), (type, block) => type.GetProperty(block)!.PropertyType);
            Assert.NotNull(owner.GetProperty(name.Split(':')[^1]));
        });
    }
}
