using Ips.Actors.Posix;

namespace Ips.Transport.Tests.Posix;

[Collection(ProcessWideCollection.Name)]
[Trait("issue", "11")]
public sealed class SenderPacketsTests : IDisposable
{
    private readonly int _ours, _theirs;
    private readonly byte[] _buffer = new byte[PacketChannel.MaxPacketSizeBytes];
    private bool _closed;

    public SenderPacketsTests()
    {
        (_ours, _theirs) = FdPassing.SocketPair();
        SenderPackets.NameSenders(_ours);
    }

    public void Dispose()
    {
        FileDescriptors.Close(_ours);
        if (!_closed) FileDescriptors.Close(_theirs);
    }

    [Fact]
    public void TryReceive_APacket_HasItsSenderBytesAndDescriptors()
    {
        var zero = FileDescriptors.Open("/dev/zero", 0);
        Assert.True(FdPassing.TrySend(_theirs, [1, 2, 3], [zero, zero]));
        FileDescriptors.Close(zero);

        var packet = Receive()!;
        Assert.Equal((3, PacketLoss.None), (packet.Length, packet.Loss));
        Assert.Equal(new PacketSender(Environment.ProcessId, (uint)ProcessAttributes.EffectiveUserId), packet.Sender);
        Assert.Equal(["/dev/zero", "/dev/zero"], packet.Fds.Select(Fds.Target));
        Assert.All(packet.Fds, fd => Assert.True(FileDescriptors.IsCloseOnExec(fd)));
        foreach (var fd in packet.Fds) FileDescriptors.Close(fd);
        Assert.Null(Receive());
    }

    [Fact]
    public async Task TryReceive_AChildsPacket_NamesTheChild()
    {
        var child = Spawn.Start(new SpawnRequest("/bin/sh", ["sh", "-c", "printf word >&8"], new Dictionary<string, string>(), null,
            [(_theirs, 8)], NewSession: false));
        Poll.WaitForOne(_ours, PollEvents.Readable);
        Assert.Equal(child, Receive()!.Sender.Pid);
        Assert.Equal(0, (await Processes.WaitAsync(child, CancellationToken.None).WaitAsync(Fds.Bound)).Code);
    }

    [Fact]
    public void TryReceive_TooManyDescriptors_TellsOfTheLossAndKeepsNone() => Fds.AssertNoLeak(() =>
    {
        TestLibc.SendTooManyDescriptors(_theirs, FdPassing.MaxDescriptors + 30);
        var packet = Receive()!;
        Assert.Equal((1, PacketLoss.Descriptors), (packet.Length, packet.Loss));
        Assert.Empty(packet.Fds);
    });

    [Fact]
    public void TryReceive_AsManyDescriptorsAsAPacketTakes_AllArrive()
    {
        var zero = FileDescriptors.Open("/dev/zero", 0);
        Assert.True(FdPassing.TrySend(_theirs, [1], [.. Enumerable.Repeat(zero, FdPassing.MaxDescriptors)]));
        FileDescriptors.Close(zero);
        var packet = Receive()!;
        Assert.Equal((FdPassing.MaxDescriptors, PacketLoss.None), (packet.Fds.Count, packet.Loss));
        foreach (var fd in packet.Fds) FileDescriptors.Close(fd);
    }

    [Fact]
    public void TryReceive_MoreBytesThanTheBuffer_TellsOfTheLoss()
    {
        Assert.True(FdPassing.TrySend(_theirs, new byte[100], []));
        Assert.True(SenderPackets.TryReceive(_ours, _buffer.AsSpan(0, 10), out var packet));
        Assert.Equal(PacketLoss.Bytes, packet!.Loss);
        Assert.Equal(Environment.ProcessId, packet.Sender.Pid);
    }

    [Fact]
    public void TryReceive_TheOtherEndIsClosed_IsTheEnd()
    {
        FileDescriptors.Close(_theirs);
        _closed = true;
        Assert.False(SenderPackets.TryReceive(_ours, _buffer, out var packet));
        Assert.Null(packet);
    }

    private SenderPacket? Receive()
    {
        Assert.True(SenderPackets.TryReceive(_ours, _buffer, out var packet));
        return packet;
    }
}
