using Ips.Actors.Transport;

namespace Ips.Actors.Tests.WebSockets;

public sealed class WebSocketFrameParserTests
{
    private const byte Text = 0x81, FirstOfMessage = 0x01, LastOfMessage = 0x80, Ping = 0x89, Close = 0x88;

    public static TheoryData<int> Cuts => [1, 2, 3, 5, 7, 64, 1000, int.MaxValue];

    [Theory]
    [MemberData(nameof(Cuts))]
    public void Feed_FramesOfEachLength_EndWhereTheyEnd(int cut)
    {
        foreach (var length in new[] { 0, 1, 125, 126, 127, 65_535, 65_536, 70_000 })
        {
            var parser = new WebSocketFrameParser();
            var frame = Frame(Text, length);
            FeedInPieces(parser, frame.AsSpan(0, frame.Length - 1), cut);
            Assert.False(parser.AtMessageEnd, $"at the last byte of {length}");
            parser.Feed(frame.AsSpan(frame.Length - 1));
            Assert.True(parser.AtMessageEnd, $"after {length}");
            Assert.False(parser.ClosingSeen);
        }
    }

    [Theory]
    [MemberData(nameof(Cuts))]
    public void Feed_FragmentedMessageWithPingInside_EndsWithItsLastFragment(int cut)
    {
        var parser = new WebSocketFrameParser();
        FeedInPieces(parser, Frame(FirstOfMessage, 300), cut);
        Assert.False(parser.AtMessageEnd);
        FeedInPieces(parser, Frame(Ping, 4), cut);
        Assert.False(parser.AtMessageEnd);
        FeedInPieces(parser, Frame(LastOfMessage, 10), cut);
        Assert.True(parser.AtMessageEnd);
    }

    [Fact]
    public void Feed_MaskedFrame_CountsTheMask()
    {
        var parser = new WebSocketFrameParser();
        parser.Feed([Text, 0x80 | 2, 1, 2, 3, 4, 9]);
        Assert.False(parser.AtMessageEnd);
        parser.Feed([9]);
        Assert.True(parser.AtMessageEnd);
    }

    [Fact]
    public void Feed_CloseInsidePayload_IsNoClose()
    {
        var parser = new WebSocketFrameParser();
        parser.Feed([Text, 2, Close, 0]);
        Assert.False(parser.ClosingSeen);
        parser.Feed([Close, 0]);
        Assert.True(parser.ClosingSeen);
    }

    private static void FeedInPieces(WebSocketFrameParser parser, ReadOnlySpan<byte> bytes, int cut)
    {
        for (; !bytes.IsEmpty; bytes = bytes[Math.Min(cut, bytes.Length)..]) parser.Feed(bytes[..Math.Min(cut, bytes.Length)]);
    }

    private static byte[] Frame(byte first, int length) =>
    [
        first,
        .. length < 126 ? [(byte)length]
            : length < 65_536 ? new byte[] { 126, (byte)(length >> 8), (byte)length }
            : [127, 0, 0, 0, 0, (byte)(length >> 24), (byte)(length >> 16), (byte)(length >> 8), (byte)length],
        .. Enumerable.Repeat(Close, length),
    ];
}
