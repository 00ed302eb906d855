using System.Text;
using Ips.Actors.Launch;

namespace Ips.Actors.Tests.Launch;

public sealed class StartReportTests
{
    [Fact]
    public void Encode_Serving_IsTheGoldenLine() =>
        Assert.Equal("""{"phase":"serving","pid":123,"generation":1,"endpoints":["http://127.0.0.1:8080"]}""" + "\n",
            Encoding.UTF8.GetString(StartReport.Serving(123, 1, ["http://127.0.0.1:8080"]).Encode()));

    [Fact]
    public void Encode_Failed_IsTheGoldenLine() =>
        Assert.Equal("""{"phase":"failed","exitCode":1,"error":"port busy"}""" + "\n",
            Encoding.UTF8.GetString(StartReport.Failed(1, "port busy").Encode()));

    [Fact]
    public void TryDecode_WhatEncodeWrote_IsTheSame()
    {
        var read = StartReport.TryDecode(StartReport.Serving(7, 2, ["http://a", "https://b"]).Encode());
        Assert.NotNull(read);
        Assert.Equal((7, 2), (read.Pid, read.Generation));
        Assert.Equal(["http://a", "https://b"], read.Endpoints);
    }

    [Fact]
    public void TryDecode_UnknownFields_AreIgnored() =>
        Assert.Equal("x", StartReport.TryDecode("""{"phase":"failed","exitCode":1,"error":"x","later":[1]}"""u8)?.Error);

    [Theory]
    [InlineData("")]
    [InlineData("\n")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("Segmentation fault")]
    [InlineData("""{"phase":"serving"}""")]
    [InlineData("""{"phase":"serving","pid":1,"generation":1}""")]
    [InlineData("""{"phase":"failed","exitCode":0,"error":"x"}""")]
    [InlineData("""{"phase":"failed","exitCode":1}""")]
    [InlineData("""{"phase":"other","pid":1}""")]
    [InlineData("""{"phase":"serving","pid":1,"generation":1,"endp""")]
    public void TryDecode_NoWholeReport_IsNull(string line) => Assert.Null(StartReport.TryDecode(Encoding.UTF8.GetBytes(line)));

    [Fact]
    public void Encode_EndlessError_FitsThePipe()
    {
        var line = StartReport.Failed(1, new string('\u0001', 1_000_000)).Encode();
        Assert.InRange(line.Length, 1, StartReport.MaxLineBytes);
        Assert.NotNull(StartReport.TryDecode(line));
    }
}
