using Ips.Actors.Handover;
using Ips.Actors.Transport;

namespace Ips.Actors.Tests.Handover;

/// <summary>What travels of a tunnel as its state, and what a hostile peer may send in its place.</summary>
public sealed class TunnelStateTests
{
    private static readonly TunnelState State = new(
        new WebSocketFrameParser().ToBytes(), [new("Upgrade", "websocket"), new("Set-Cookie", "a=1"), new("Set-Cookie", "b=é")]);

    [Fact]
    public void Decode_WhatWasEncoded_IsTheSame()
    {
        var decoded = TunnelState.TryDecode(State.Encode())!;
        Assert.Equal(State.Frames, decoded.Frames);
        Assert.Equal(State.Headers, decoded.Headers);
    }

    [Fact]
    public void Decode_CutOrChangedAnywhere_IsAStateOrNull()
    {
        var golden = State.Encode();
        Assert.Null(TunnelState.TryDecode(null));
        Assert.Null(TunnelState.TryDecode(golden with { Version = 2 }));
        Assert.Null(TunnelState.TryDecode(golden with { Bytes = new byte[TunnelState.MaxBytes + 1] }));
        for (var length = 0; length < golden.Bytes.Length; length++)
            _ = TunnelState.TryDecode(golden with { Bytes = golden.Bytes[..length] });
        for (var at = 0; at < golden.Bytes.Length; at++)
        {
            var changed = golden.Bytes.ToArray();
            changed[at] ^= 0xFF;
            _ = TunnelState.TryDecode(golden with { Bytes = changed });
        }
    }

    // A parser that goes on in another process sees each frame where this one does.
    [Fact]
    public void Frames_GoOnAtAnyByte_SeeTheSame()
    {
        byte[] bytes = [0x82, 126, 1, 44, .. new byte[300], 0x01, 2, 7, 7, 0x89, 0, 0x80, 0x83, 1, 2, 3, 4, 5, 6, 7, 0x88, 2, 3, 0xE9];
        for (var cut = 0; cut <= bytes.Length; cut++)
        {
            var (whole, before) = (new WebSocketFrameParser(), new WebSocketFrameParser());
            before.Feed(bytes.AsSpan(0, cut));
            var after = WebSocketFrameParser.From(before.ToBytes())!;
            whole.Feed(bytes.AsSpan(0, cut));
            for (var at = cut; at < bytes.Length; at++)
            {
                whole.Feed(bytes.AsSpan(at, 1));
                after.Feed(bytes.AsSpan(at, 1));
                Assert.Equal((whole.AtMessageEnd, whole.AtFrameEnd, whole.ClosingSeen, whole.PayloadLeft),
                    (after.AtMessageEnd, after.AtFrameEnd, after.ClosingSeen, after.PayloadLeft));
            }
        }
    }

    [Fact]
    public void Frames_BytesThatAreNoPlace_AreNull()
    {
        Assert.Null(WebSocketFrameParser.From([]));
        var bytes = new byte[WebSocketFrameParser.PositionBytes];
        bytes[14] = 200; // more of a header than there is
        Assert.Null(WebSocketFrameParser.From(bytes));
        bytes = new byte[WebSocketFrameParser.PositionBytes];
        bytes[^1] = 4;
        Assert.Null(WebSocketFrameParser.From(bytes));
    }
}
