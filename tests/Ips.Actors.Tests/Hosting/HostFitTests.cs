using Ips.Actors.Hosting;

namespace Ips.Actors.Tests.Hosting;

public sealed class HostFitTests
{
    private const string Kestrel = "Microsoft.AspNetCore.Server.Kestrel.Core.KestrelServerImpl";

    private static readonly HostFacts s_works = new(IsLinux: true, Tool: null, HasGenericHost: true, Server: Kestrel);

    [Theory]
    [InlineData(null)] // not known yet
    [InlineData(Kestrel)]
    [InlineData("Microsoft.AspNetCore.Server.Kestrel.Core.KestrelServer")]
    public void InertReason_KestrelOnLinux_IsNone(string? server) => Assert.Null(HostFit.InertReason(s_works with { Server = server }));

    [Fact]
    public void InertReason_OtherSystem_NamesIt() =>
        Assert.Equal("the operating system is not Linux", HostFit.InertReason(s_works with { IsLinux = false }));

    [Theory]
    [InlineData("ef")]
    [InlineData("GetDocument.Insider")]
    [InlineData("Microsoft.AspNetCore.Mvc.Testing")]
    [InlineData("a tool")]
    public void InertReason_ToolRunsTheApp_NamesIt(string tool) =>
        Assert.Equal($"{tool} runs this app", HostFit.InertReason(s_works with { Tool = tool }));

    [Fact]
    public void InertReason_NoGenericHost_NamesTheBuilder() =>
        Assert.Equal("the app is built by WebHostBuilder, which has no IHost",
            HostFit.InertReason(s_works with { HasGenericHost = false }));

    [Fact]
    public void InertReason_NoServer_SaysSo() =>
        Assert.Equal("the app has no web server", HostFit.InertReason(s_works with { Server = "" }));

    [Theory]
    [InlineData("Microsoft.AspNetCore.TestHost.TestServer")]
    [InlineData("Microsoft.AspNetCore.Server.IIS.Core.IISHttpServer")]
    [InlineData("Microsoft.AspNetCore.Server.HttpSys.MessagePump")]
    [InlineData("My.Kestrel.Server")]
    public void InertReason_OtherServer_NamesIt(string server) =>
        Assert.Equal($"the web server is {server}, not Kestrel", HostFit.InertReason(s_works with { Server = server }));

    [Fact]
    public void InertReason_SecondHostOfATest_SaysSo() =>
        Assert.Equal("another host of this test process uses it", HostFit.InertReason(s_works with { IsSecondTestHost = true }));

    // The first reason that holds is told: what the author can least change comes first.
    [Fact]
    public void InertReason_SeveralHold_TellsTheFirst()
    {
        var facts = new HostFacts(IsLinux: false, Tool: "ef", HasGenericHost: false, Server: "", IsSecondTestHost: true);
        Assert.Contains("Linux", HostFit.InertReason(facts), StringComparison.Ordinal);
        Assert.Contains("ef", HostFit.InertReason(facts with { IsLinux = true }), StringComparison.Ordinal);
        Assert.Contains("WebHostBuilder", HostFit.InertReason(facts with { IsLinux = true, Tool = null }), StringComparison.Ordinal);
    }
}
