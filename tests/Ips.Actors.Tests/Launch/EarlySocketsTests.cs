
using Ips.Actors.Handover;
using Ips.Actors.Launch;

namespace Ips.Actors.Tests.Launch;

/// <summary>The variable by which a process that was root passes its sockets on.</summary>
[Trait("issue", "11")]
public sealed class EarlySocketsTests
{
    [Fact]
    public void Decode_Encoded_IsTheSame()
    {
        OfferedSocket[] sockets = [new("0.0.0.0:80", 0, 64), new("[::]:443", 0, 70)];
        Assert.Equal(sockets, EarlySockets.Decode(EarlySockets.Encode(sockets)));
        Assert.Empty(EarlySockets.Decode(EarlySockets.Encode([]))!);
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("[null]")]
    [InlineData("[1]")]
    [InlineData("[\"64\"]")]
    [InlineData("[\"64 \"]")]
    [InlineData("[\"-1 0.0.0.0:80\"]")]
    [InlineData("[\"3 0.0.0.0:80\"]")] // a service manager's, or the handover's
    [InlineData("[\"x 0.0.0.0:80\"]")]
    public void Decode_SomethingElse_IsNull(string text) => Assert.Null(EarlySockets.Decode(text));
}
