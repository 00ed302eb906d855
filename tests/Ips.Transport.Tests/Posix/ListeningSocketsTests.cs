using System.Net;
using System.Net.Sockets;
using Ips.Actors.Posix;

namespace Ips.Transport.Tests.Posix;

[Collection(ProcessWideCollection.Name)]
public sealed class ListeningSocketsTests : IDisposable
{
    private readonly string _folder = Fds.TemporaryFolder();

    public void Dispose() => Directory.Delete(_folder, true);

    [Fact]
    public void OpenTcp_PortZero_ListensOnTheChosenPortNonBlockingAndCloseOnExec()
    {
        var fd = ListeningSockets.OpenTcp(new IPEndPoint(IPAddress.Loopback, 0), 16, out var actual);

        Assert.Equal(IPAddress.Loopback, actual.Address);
        Assert.NotEqual(0, actual.Port);
        Assert.Equal(actual, ListeningSockets.LocalEndPoint(fd));
        Assert.True(ListeningSockets.IsListening(fd));
        Assert.True(FileDescriptors.IsCloseOnExec(fd));
        Assert.Equal(-1, ListeningSockets.Accept(fd, out var errno));
        Assert.Equal(Errno.EAGAIN, errno);
        FileDescriptors.Close(fd);
    }

    [Fact]
    public void OpenTcp_PortInUse_NamesAddressAndErrno()
    {
        var fd = ListeningSockets.OpenTcp(new IPEndPoint(IPAddress.Loopback, 0), 16, out var actual);
        Fds.AssertNoLeak(() =>
        {
            var error = Assert.Throws<PosixException>(() => ListeningSockets.OpenTcp(actual, 16, out _));
            Assert.Equal($"bind(2) on {actual}: Address already in use (EADDRINUSE)", error.Message);
            Assert.Equal((Errno.EADDRINUSE, SocketError.AddressAlreadyInUse), (error.Errno, error.ToSocketException().SocketErrorCode));
        });
        FileDescriptors.Close(fd);
    }

    [Fact]
    public void OpenTcp_PortWithConnectionsInTimeWait_IsBoundAgain()
    {
        var fd = ListeningSockets.OpenTcp(new IPEndPoint(IPAddress.Loopback, 0), 16, out var actual);
        using (var client = Connect(actual))
        {
            var accepted = ListeningSockets.Accept(fd, out _);
            FileDescriptors.Close(accepted); // first: so this end waits
            Assert.Equal(0, client.Receive(new byte[1]));
        }

        FileDescriptors.Close(fd);
        FileDescriptors.Close(ListeningSockets.OpenTcp(actual, 16, out _));
    }

    [Fact]
    public void OpenTcp_AddressOfAnotherMachine_Throws()
    {
        var error = Assert.Throws<PosixException>(() => ListeningSockets
            .OpenTcp(new IPEndPoint(IPAddress.Parse("192.0.2.1"), 0), 16, out _));

        Assert.Equal((Errno.EADDRNOTAVAIL, SocketError.AddressNotAvailable), (error.Errno, error.ToSocketException().SocketErrorCode));
    }

    [Fact]
    public void OpenTcp_IPv6Any_TakesIPv4Too()
    {
        if (!Socket.OSSupportsIPv6) return;
        var fd = ListeningSockets.OpenTcp(new IPEndPoint(IPAddress.IPv6Any, 0), 16, out var actual);

        using var four = Connect(new IPEndPoint(IPAddress.Loopback, actual.Port));
        using var six = Connect(new IPEndPoint(IPAddress.IPv6Loopback, actual.Port));

        for (var i = 0; i < 2; i++) FileDescriptors.Close(ListeningSockets.Accept(fd, out _));
        FileDescriptors.Close(fd);
    }

    [Fact]
    public void OpenTcp_OneIPv6Address_LeavesThePortOfIPv4ToOthers()
    {
        if (!Socket.OSSupportsIPv6) return;
        var six = ListeningSockets.OpenTcp(new IPEndPoint(IPAddress.IPv6Loopback, 0), 16, out var actual);
        Assert.Equal(new IPEndPoint(IPAddress.IPv6Loopback, actual.Port), actual);

        Assert.Throws<SocketException>(() => Connect(new IPEndPoint(IPAddress.Loopback, actual.Port)));
        FileDescriptors.Close(six);
    }

    [Theory]
    [InlineData(10)]
    [InlineData(180)] // longer than sun_path
    public void OpenUnix_PathOfAnyLength_IsBoundAndReached(int nameLength)
    {
        var path = Path.Combine(_folder, new string('d', nameLength), "s");
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        Fds.AssertNoLeak(() =>
        {
            var fd = ListeningSockets.OpenUnix(path, 16);
            Assert.NotNull(FileIdentity.OfSocketPath(path));
            if (nameLength < 100) Assert.Equal(path, ListeningSockets.LocalEndPoint(fd).ToString());

            FileDescriptors.Close(UnixSockets.Connect(path));
            var accepted = ListeningSockets.Accept(fd, out _);
            Assert.True(accepted >= 0);
            FileDescriptors.Close(accepted);
            Assert.Equal(Errno.EADDRINUSE, Assert.Throws<PosixException>(() => ListeningSockets.OpenUnix(path, 16)).Errno);
            FileDescriptors.Close(fd);
            File.Delete(path);
        });
    }

    [Fact]
    public void OpenUnix_AbstractName_ListensWithoutAPath()
    {
        var name = $"\0ips-{Guid.NewGuid():N}";
        var fd = ListeningSockets.OpenUnix(name, 16);

        FileDescriptors.Close(UnixSockets.Connect(name));
        Assert.True(ListeningSockets.IsListening(fd));
        FileDescriptors.Close(fd);
    }

    [Fact]
    public void OpenUnix_NameTooLong_Throws() =>
        Assert.Equal(Errno.ENAMETOOLONG,
            Assert.Throws<PosixException>(() => ListeningSockets.OpenUnix(Path.Combine(_folder, new string('x', 120)), 16)).Errno);

    [Fact]
    public void RemoveStaleUnixSocket_LiveStaleAbsentOrAFile_RemovesTheStaleOnly()
    {
        var path = Path.Combine(_folder, "s");
        Assert.False(ListeningSockets.RemoveStaleUnixSocket(path));

        var fd = ListeningSockets.OpenUnix(path, 1);
        Assert.False(ListeningSockets.RemoveStaleUnixSocket(path));
        FileDescriptors.Close(fd);

        Assert.True(ListeningSockets.RemoveStaleUnixSocket(path));
        Assert.False(File.Exists(path));
        File.WriteAllText(path, "precious");
        Assert.False(ListeningSockets.RemoveStaleUnixSocket(path));
        Assert.Equal("precious", File.ReadAllText(path));
    }

    [Fact]
    public void RemoveStaleUnixSocket_QueueFull_IsNotStale()
    {
        var path = Path.Combine(_folder, "s");
        var fd = ListeningSockets.OpenUnix(path, 0);
        var clients = new List<int> { UnixSockets.Connect(path) }; // a queue of 0 takes one

        Assert.False(ListeningSockets.RemoveStaleUnixSocket(path));
        clients.ForEach(FileDescriptors.Close);
        FileDescriptors.Close(fd);
    }

    [Fact]
    public void UnlinkIfSame_AnotherTookThePath_LeavesIt()
    {
        var path = Path.Combine(_folder, "s");
        var ours = ListeningSockets.OpenUnix(path, 1);
        var bound = FileIdentity.OfPath(path)!.Value;
        File.Delete(path);
        var theirs = ListeningSockets.OpenUnix(path, 1); // often with the same inode number

        Assert.False(ListeningSockets.UnlinkIfSame(path, bound));
        Assert.True(File.Exists(path));
        Assert.True(ListeningSockets.UnlinkIfSame(path, FileIdentity.OfPath(path)!.Value));
        Assert.False(File.Exists(path));
        FileDescriptors.Close(ours);
        FileDescriptors.Close(theirs);
    }

    [Fact]
    public void IsListening_OtherDescriptors_IsFalse()
    {
        var (a, b) = FdPassing.SocketPair();
        var file = FileDescriptors.Open("/dev/null", 0);
        foreach (var fd in (int[])[a, b, file])
        {
            Assert.False(ListeningSockets.IsListening(fd));
            FileDescriptors.Close(fd);
        }

        Assert.Equal(Errno.EBADF, Assert.Throws<PosixException>(() => ListeningSockets.IsListening(30_000)).Errno);
    }

    /// <summary>docs/pitfalls.md, 1: without PrepareAdopted, a response larger than the peer has read is cut by a reset.</summary>
    [Fact]
    public async Task PrepareAdopted_SocketWasDisposedByAnOwnerWithAnAcceptPending_AcceptedConnectionsCloseOrderlyAgain()
    {
        var fd = ListeningSockets.OpenTcp(new IPEndPoint(IPAddress.Loopback, 0), 16, out var actual);
        using (var owner = new Socket(new SafeSocketHandle(FileDescriptors.Duplicate(fd), ownsHandle: true)))
        {
            var accept = owner.AcceptAsync();
            Assert.False(accept.IsCompleted);
            owner.Dispose();
            await Assert.ThrowsAnyAsync<SocketException>(() => accept.WaitAsync(Fds.Bound));
        }

        Assert.Equal((true, 0), ListeningSockets.Linger(fd)); // poisoned
        Assert.Equal((true, 0), LingerOfAccepted());

        ListeningSockets.PrepareAdopted(fd);

        Assert.Equal((false, 0), ListeningSockets.Linger(fd));
        Assert.Equal((false, 0), LingerOfAccepted());
        Assert.True(FileDescriptors.IsCloseOnExec(fd));
        FileDescriptors.Close(fd);

        (bool, int) LingerOfAccepted()
        {
            using var client = Connect(actual);
            var accepted = ListeningSockets.Accept(fd, out _);
            var linger = ListeningSockets.Linger(accepted);
            FileDescriptors.Close(accepted);
            return linger;
        }
    }

    [Fact]
    public async Task PrepareAdopted_BlockingAndInheritable_IsNeitherAfterwards()
    {
        using var stock = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        stock.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        stock.Listen(1);
        var fd = FileDescriptors.DuplicateHigh((int)stock.Handle);

        ListeningSockets.PrepareAdopted(fd);

        Assert.Equal(-1, await Task.Run(() => ListeningSockets.Accept(fd, out _)).WaitAsync(Fds.Bound)); // a blocking one would wait
        FileDescriptors.Close(fd);
    }

    private static Socket Connect(IPEndPoint endPoint)
    {
        var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Connect(endPoint);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
