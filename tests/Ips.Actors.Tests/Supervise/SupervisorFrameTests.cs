using System.Text;
using Ips.Actors.Launch;

namespace Ips.Actors.Tests.Supervise;

public sealed class SupervisorFrameTests
{
    [Fact]
    public void TryDecode_Encoded_IsTheSame() => Assert.Equal(new JoinedFrame(7, 3),
        SupervisorFrame.TryDecode(new JoinedFrame(7, 3).Encode()));

    // What the parent lets through here ends it, and with it every generation.
    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{\"type\":\"of another build\",\"pid\":1}")]
    [InlineData("{\"pid\":1,\"type\":\"joined\"}")]
    [InlineData("{\"type\":\"joined\",\"pid\":\"one\"}")]
    [InlineData("GET / HTTP/1.1")]
    public void TryDecode_NoFrameOfThese_IsNull(string packet) => Assert.Null(SupervisorFrame.TryDecode(Encoding.UTF8.GetBytes(packet)));
}
