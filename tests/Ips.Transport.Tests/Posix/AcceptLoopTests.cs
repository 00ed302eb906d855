using Ips.Actors.Posix;
using Ips.Actors.Transport;

namespace Ips.Transport.Tests.Posix;

/// <summary>Who is told of which connection, and what listeners may come and go.</summary>
[Collection(ProcessWideCollection.Name)]
public sealed class AcceptLoopTests : AcceptLoopTest
{
    [Fact]
    public void Add_TwoListeners_ConnectionsComeWithTheirListenersId()
    {
        var (one, oneAt) = Listen();
        var (two, twoAt) = Listen();
        Add(_loop, 1, one);
        Add(_loop, 2, two);

        Connect(twoAt);
        var second = Next();
        Connect(oneAt);
        var first = Next();

        Assert.Equal((1, 2), (first.Id, second.Id));
        Assert.True(FileDescriptors.IsCloseOnExec(first.Fd));
        Assert.Equal(_clients[1].LocalEndPoint!.ToString(), PeerOf(first.Fd));
        Assert.Throws<ArgumentException>(() => Add(_loop, 1, two));
    }

    [Fact]
    public void Remove_Listener_DescriptorMayBeClosedAndOthersGoOn()
    {
        var (one, oneAt) = Listen();
        var (two, twoAt) = Listen();
        Add(_loop, 1, one);
        Add(_loop, 2, two);

        _loop.Remove(1);
        _loop.Remove(99);
        Connect(oneAt);
        Connect(twoAt);

        Assert.Equal(2, Next().Id);
        Assert.Empty(_accepted);
        Add(_loop, 3, one);
        Assert.Equal(3, Next().Id);
        Assert.Empty(_errors);
    }

    [Fact]
    public void Changes_FromTheCallback_HoldBeforeTheNextAccept()
    {
        var (fd, at) = Listen();
        _loop.Quiesce();
        Add(_loop, 1, fd);
        for (var i = 0; i < 3; i++) Connect(at);
        _onAccepted = (id, accepted) =>
        {
            _loop.Quiesce();
            _accepted.Add((id, accepted));
        };

        _loop.Resume();
        Next();
        _loop.Remove(50); // a round trip: the loop has been at its top since
        Assert.Empty(_accepted);
        _loop.Resume();
        Next();
    }

    [Fact]
    public void Add_WhatCannotBeWaitedFor_IsRefusedAndOthersGoOn()
    {
        var (fd, at) = Listen();
        var file = FileDescriptors.Open("/dev/null", 0);
        _toClose.Add(file);

        Assert.Equal(Errno.EPERM, Assert.Throws<PosixException>(() => Add(_loop, 1, file)).Errno);

        Add(_loop, 1, fd); // the id is free
        Connect(at);
        Next();
        Assert.Empty(_errors);
    }

    [Fact]
    public void Dispose_WithListeners_LeavesThemOpenAndLeaksNothing()
    {
        var (fd, at) = Listen();
        Fds.AssertNoLeak(() =>
        {
            using var loop = new AcceptLoop(_errors.Add);
            Add(loop, 1, fd);
            loop.Dispose();
            loop.Quiesce(); // does nothing
            loop.Dispose();
        });

        Add(_loop, 1, fd);
        Connect(at);
        Next();
    }
}
