using Ips.Actors.Posix;

namespace Ips.Transport.Tests.Posix;

[Collection(ProcessWideCollection.Name)]
public sealed class FdPassingTests : IDisposable
{
    private readonly int _a, _b;
    private readonly byte[] _buffer = new byte[PacketChannel.MaxPacketSizeBytes];
    private readonly List<int> _fds = [];
    private readonly HashSet<int> _closed = [];

    public FdPassingTests() => (_a, _b) = FdPassing.SocketPair();

    public void Dispose()
    {
        foreach (var fd in (int[])[_a, _b, .. _fds])
        {
            if (!_closed.Contains(fd)) FileDescriptors.Close(fd);
        }
    }

    [Fact]
    public void TrySend_BytesAndDescriptors_ArriveTogetherWithCloseOnExec()
    {
        var zero = FileDescriptors.Open("/dev/zero", 0);

        Assert.True(FdPassing.TrySend(_a, [1, 2, 3], [zero, zero]));
        FileDescriptors.Close(zero);
        Assert.True(FdPassing.TrySend(_a, [4], []));

        Assert.Equal(3, FdPassing.Receive(_b, _buffer, _fds, out var loss));
        Assert.Equal(PacketLoss.None, loss);
        Assert.Equal([1, 2, 3], _buffer[..3]);
        Assert.Equal(["/dev/zero", "/dev/zero"], _fds.Select(Fds.Target));
        Assert.All(_fds, fd => Assert.True(FileDescriptors.IsCloseOnExec(fd)));
        Assert.Equal(1, FdPassing.Receive(_b, _buffer, _fds, out _));
        Assert.Equal(2, _fds.Count);
    }

    [Fact]
    public void SocketPair_Always_HasCloseOnExecOnBothEnds()
    {
        Assert.True(FileDescriptors.IsCloseOnExec(_a));
        Assert.True(FileDescriptors.IsCloseOnExec(_b));
    }

    [Fact]
    public void TrySend_LargestPacketWithMostDescriptors_Arrives()
    {
        var packet = new byte[PacketChannel.MaxPacketSizeBytes];
        Random.Shared.NextBytes(packet);

        Assert.True(FdPassing.TrySend(_a, packet, [.. Enumerable.Repeat(_b, FdPassing.MaxDescriptors)]));

        Assert.Equal(packet.Length, FdPassing.Receive(_b, _buffer, _fds, out var loss));
        Assert.Equal(PacketLoss.None, loss);
        Assert.Equal(packet, _buffer);
        Assert.Equal(FdPassing.MaxDescriptors, _fds.Count);
    }

    [Fact]
    public void TrySend_TooManyDescriptorsOrNothing_IsRefused()
    {
        Assert.Throws<ArgumentException>(() => FdPassing.TrySend(_a, [1], [.. Enumerable.Repeat(_b, FdPassing.MaxDescriptors + 1)]));
        Assert.Throws<ArgumentException>(() => FdPassing.TrySend(_a, [], []));
    }

    [Fact]
    public void Receive_NothingThenPeerCloses_IsMinusOneThenZero()
    {
        Assert.Equal(-1, FdPassing.Receive(_b, _buffer, _fds, out _));
        Close(_a);
        Assert.Equal(0, FdPassing.Receive(_b, _buffer, _fds, out _));
        Assert.Equal(Errno.EPIPE, Assert.Throws<PosixException>(() => FdPassing.TrySend(_b, [1], [])).Errno);
    }

    [Fact]
    public void Receive_PeerClosedWithOurPacketUnread_StillGivesWhatThePeerSaid()
    {
        Assert.True(FdPassing.TrySend(_b, [9], [])); // never read: the close resets
        Assert.True(FdPassing.TrySend(_a, [1], [_b]));
        Close(_a);

        Assert.Equal(1, FdPassing.Receive(_b, _buffer, _fds, out _));
        Assert.Single(_fds);
        Assert.Equal(0, FdPassing.Receive(_b, _buffer, _fds, out _));
    }

    [Fact]
    public void TrySend_BufferFull_IsFalseUntilThePeerReceives()
    {
        var packet = new byte[16 * 1024];
        var sent = 0;
        while (FdPassing.TrySend(_a, packet, [_a])) sent++;
        Assert.InRange(sent, 1, 1000);

        Assert.Equal(packet.Length, FdPassing.Receive(_b, _buffer, _fds, out _));
        Assert.True(FdPassing.TrySend(_a, packet, [_a]));
    }

    [Fact]
    public void Receive_PacketLargerThanTheBuffer_IsTruncatedAndItsDescriptorsAreClosed() => Fds.AssertNoLeak(() =>
    {
        Assert.True(FdPassing.TrySend(_a, [1, 2, 3], [_a, _b]));
        _ = FdPassing.Receive(_b, _buffer.AsSpan(0, 2), _fds, out var loss);
        Assert.Equal(PacketLoss.Bytes, loss);
        Assert.Empty(_fds);
    });

    [Fact]
    public void Receive_NotAllDescriptorsFit_IsTruncatedAndThoseThatCameAreClosed()
    {
        _fds.Add(FileDescriptors.Duplicate(_a));
        var kept = _fds.ToArray();
        Fds.AssertNoLeak(() =>
        {
            TestLibc.SendTooManyDescriptors(_a, FdPassing.MaxDescriptors + 6);
            Assert.Equal(1, FdPassing.Receive(_b, _buffer, _fds, out var loss));
            Assert.Equal(PacketLoss.Descriptors, loss);
        });

        Assert.Equal(kept, _fds); // what came with earlier packets is left alone
    }

    private void Close(int fd)
    {
        FileDescriptors.Close(fd);
        _closed.Add(fd);
    }
}
