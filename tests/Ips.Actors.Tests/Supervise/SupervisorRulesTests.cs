using System.Text;
using Ips.Actors.Launch;
using Ips.Actors.Supervise;

namespace Ips.Actors.Tests.Supervise;

/// <summary>A packet is judged as a whole before anything of it is used.</summary>
[Trait("issue", "11")]
public sealed class SupervisorRulesTests
{
    private const string Whole =
        """{"type":"main","pid":7,"generation":3,"pidFile":"/run/ips.pid","endpoints":[{"endpoint":"127.0.0.1:80","ordinal":0}]"""
            + ""","control":true,"release":{"release":"1","fileName":"/srv/ips","arguments":["run"]"""
            + ""","workingDirectory":"/","command":["/srv/current/ips","run"],"commandDirectory":"/","generation":3"""
            + ""","since":"2026-01-01T00:00:00Z"},"environmentFile":"/etc/ips.env"}""";

    [Fact]
    public void FaultOf_WholeFrames_IsNull()
    {
        Assert.Null(Judge(Whole, descriptors: 2));
        Assert.Null(Judge(Whole, descriptors: 0, lost: true));
        Assert.Null(Judge(new JoinedFrame(7, 3)));
        Assert.Null(Judge(new ReleasedFrame(7)));
    }

    [Theory]
    [InlineData("\"pid\":7", "\"pid\":0", "pid is 0")]
    [InlineData("\"pid\":7", "\"pid\":-7", "pid is -7")]
    [InlineData("\"generation\":3,\"pidFile\"", "\"generation\":0,\"pidFile\"", "generation is 0")]
    [InlineData("\"generation\":3,\"pidFile\"", "\"generation\":2147483647,\"pidFile\"", "generation is 2147483647")]
    [InlineData("[{\"endpoint\":\"127.0.0.1:80\",\"ordinal\":0}]", "[null]", "an endpoint is null")]
    [InlineData("\"127.0.0.1:80\"", "\"\"", "has no address")]
    [InlineData("\"ordinal\":0", "\"ordinal\":-1", "negative ordinal")]
    [InlineData("\"/run/ips.pid\"", "\"ips.pid\"", "pidFile")]
    [InlineData("\"/run/ips.pid\"", "\"/run/\\u0000\"", "pidFile")]
    [InlineData("\"/etc/ips.env\"", "\"ips.env\"", "environmentFile")]
    [InlineData("\"/srv/ips\"", "\"ips\"", "release.fileName")]
    [InlineData("\"workingDirectory\":\"/\"", "\"workingDirectory\":\"\"", "release.workingDirectory")]
    [InlineData("\"commandDirectory\":\"/\"", "\"commandDirectory\":\".\"", "release.commandDirectory")]
    [InlineData("[\"/srv/current/ips\",\"run\"]", "[]", "release.command")]
    [InlineData("[\"/srv/current/ips\",\"run\"]", "[null]", "release.command")]
    [InlineData("[\"run\"]", "[null]", "a text of the release is null")]
    [InlineData("[\"run\"]", "[\"r\\u0000n\"]", "NUL")]
    public void FaultOf_OneFieldIsBad_NamesIt(string good, string bad, string fault)
    {
        var packet = Whole.Replace(good, bad, StringComparison.Ordinal);
        Assert.NotEqual(Whole, packet);
        Assert.Contains(fault, Judge(packet, descriptors: 2), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)]
    public void FaultOf_OtherDescriptorsThanItSays_TellsBothNumbers(int descriptors) =>
        Assert.Contains($"{descriptors} of 2", Judge(Whole, descriptors), StringComparison.Ordinal);

    [Fact]
    public void FaultOf_DescriptorsThatNobodyAskedFor_IsAFault() =>
        Assert.Contains("takes none", Judge(new JoinedFrame(7, 3), descriptors: 1), StringComparison.Ordinal);

    [Fact]
    public void FaultOf_MoreEndpointsThanAPacketTakes_IsAFault()
    {
        var many = string.Join(',', Enumerable.Range(0, 64).Select(i => $$"""{"endpoint":"127.0.0.1:80","ordinal":{{i}}}"""));
        Assert.Contains("64 endpoints", Judge(Whole.Replace("""{"endpoint":"127.0.0.1:80","ordinal":0}""", many, StringComparison.Ordinal),
            descriptors: 64), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"endpoints\":[{\"endpoint\":\"127.0.0.1:80\",\"ordinal\":0}]", "\"endpoints\":null")]
    [InlineData("\"endpoints\":[{\"endpoint\":\"127.0.0.1:80\",\"ordinal\":0}],", "")]
    [InlineData("\"pidFile\":\"/run/ips.pid\"", "\"pidFile\":null")]
    [InlineData("\"endpoint\":\"127.0.0.1:80\"", "\"endpoint\":null")]
    [InlineData("\"fileName\":\"/srv/ips\"", "\"fileName\":null")]
    [InlineData("\"arguments\":[\"run\"],", "")]
    [InlineData("\"generation\":3,\"pidFile\"", "\"generation\":1e99,\"pidFile\"")]
    public void TryDecode_AFieldIsMissingOrNull_IsNoFrame(string good, string bad)
    {
        var packet = Whole.Replace(good, bad, StringComparison.Ordinal);
        Assert.NotEqual(Whole, packet);
        Assert.Null(SupervisorFrame.TryDecode(Encoding.UTF8.GetBytes(packet)));
    }

    // Whatever comes is a frame that can be judged, or none; with a fixed seed.
    [Fact]
    public void TryDecodeAndFaultOf_MutatedPackets_NeverThrow()
    {
        var random = new Random(11);
        var frames = 0;
        for (var round = 0; round < 20_000; round++)
        {
            var packet = Encoding.UTF8.GetBytes(Whole);
            for (var change = random.Next(1, 4); change > 0; change--)
            {
                var at = random.Next(packet.Length);
                packet = random.Next(4) switch
                {
                    0 => packet[..at],
                    1 => [.. packet[..at], .. packet[Math.Min(packet.Length, at + random.Next(1, 30))..], (byte)'}'],
                    2 => [.. packet[..at], (byte)random.Next(256), .. packet[at..]],
                    _ => [.. packet[..at], .. Encoding.UTF8
                        .GetBytes(new[] { "null", "-1", "[]", "{}", "\"\"", "\\u0000", "1e300" }[random.Next(7)]), .. packet[at..]],
                };
                if (packet.Length == 0) break;
            }

            if (SupervisorFrame.TryDecode(packet) is not { } frame) continue;
            frames++;
            _ = SupervisorRules.FaultOf(frame, random.Next(4), lost: random.Next(2) == 0);
        }

        Assert.True(frames > 100, $"Only {frames} of the packets could be decoded: too few to judge.");
    }

    private static string? Judge(string packet, int descriptors, bool lost = false) =>
        Judge(SupervisorFrame.TryDecode(Encoding.UTF8.GetBytes(packet)) ?? throw new InvalidDataException($"No frame: {packet}"),
            descriptors, lost);

    private static string? Judge(SupervisorFrame frame, int descriptors = 0, bool lost = false) =>
        SupervisorRules.FaultOf(frame, descriptors, lost);
}
