using Ips.Host.Configuration;

namespace Ips.Host.Tests.Configuration;

public sealed class EndpointUrlTests
{
    [Theory]
    [InlineData("http://127.0.0.1:8080")]
    [InlineData("http://*:0")]
    [InlineData("https://[::1]:65535")]
    [InlineData("HTTP://localhost")]
    [InlineData("http://localhost:5000/")]
    [InlineData("http://unix:/run/app.sock")]
    public void Fault_WhatKestrelTakes_IsNull(string url) => Assert.Null(EndpointUrl.Fault(url));

    [Theory]
    [InlineData("127.0.0.1:8080", "no URL")]
    [InlineData("", "no URL")]
    [InlineData("http://127.0.0.1:65536", "has the port 65536")]
    [InlineData("ftp://x", "has the scheme ftp")]
    [InlineData("http://x/path", "has the path /path")]
    [InlineData("http://unix:/", "no URL")]
    public void Fault_WhatKestrelRefuses_SaysWhy(string url, string why) =>
        Assert.Contains(why, EndpointUrl.Fault(url), StringComparison.Ordinal);
}
