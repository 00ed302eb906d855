using System.Net;
using System.Net.Sockets;
using Ips.Actors.Handover;

namespace Ips.Actors.Tests.Handover;

/// <summary>Two builds must name an endpoint alike.</summary>
public sealed class EndpointKeyTests
{
    [Theory]
    [InlineData("127.0.0.1:0")]
    [InlineData("0.0.0.0:8080")]
    [InlineData("[::]:0")]
    [InlineData("[::1]:65535")]
    public void Text_IpEndpoint_IsTheAddressAskedFor(string text) => Assert.Equal(text, EndpointKey.Text(IPEndPoint.Parse(text)));

    [Fact]
    public void Text_UnixEndpoint_NamesThePath() => Assert.Equal("unix:/run/app.sock",
        EndpointKey.Text(new UnixDomainSocketEndPoint("/run/app.sock")));

    [Fact]
    public void Text_OtherEndpoint_Throws() => Assert.Throws<NotSupportedException>(() =>
        EndpointKey.Text(new DnsEndPoint("localhost", 80)));

    [Fact]
    public void ToString_Ordinal_IsShownOfTheSecondOnly()
    {
        Assert.Equal("127.0.0.1:80", new EndpointKey("127.0.0.1:80", 0).ToString());
        Assert.Equal("127.0.0.1:80#1", new EndpointKey("127.0.0.1:80", 1).ToString());
    }
}
