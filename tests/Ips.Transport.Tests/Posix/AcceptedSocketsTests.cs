using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Ips.Actors.Posix;

namespace Ips.Transport.Tests.Posix;

/// <summary>The Sockets of accepted descriptors are those that <c>new Socket(handle)</c> makes, for less.</summary>
[Collection(ProcessWideCollection.Name)]
public sealed class AcceptedSocketsTests : IDisposable
{
    private readonly string _folder = Fds.TemporaryFolder();

    public void Dispose() => Directory.Delete(_folder, true);

    [Fact]
    // if a later one has not: connections with a single request cost a twentieth more, and this class can go
    public void Of_ThisRuntime_HasTheShortWay()
    {
        var fd = ListeningSockets.OpenTcp(new IPEndPoint(IPAddress.Loopback, 0), 16, out _);
        Assert.True(AcceptedSockets.Of(fd).IsShort);
        Assert.True(AcceptedSockets.HasNote);
        FileDescriptors.Close(fd);
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("0.0.0.0")]
    [InlineData("::")]
    [InlineData("::", true)]
    [InlineData("::1", true)]
    public void Open_Tcp_KnowsWhatASocketOfTheHandleKnows(string address, bool client6 = false)
    {
        var fd = ListeningSockets.OpenTcp(new IPEndPoint(IPAddress.Parse(address), 0), 16, out var at);
        using var client = new Socket(client6 ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork, SocketType.Stream,
            ProtocolType.Tcp);
        client.Connect(client6 ? IPAddress.IPv6Loopback : IPAddress.Loopback, at.Port);
        Same(fd, client);
        client.Close();
        FileDescriptors.Close(fd);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Open_KnownToBeNonBlocking_TheKernelIsNotAsked(bool known)
    {
        var fd = ListeningSockets.OpenTcp(new IPEndPoint(IPAddress.Loopback, 0), 16, out var at);
        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        client.Connect(at);
        Poll.WaitForOne(fd, PollEvents.Readable);
        var accepted = ListeningSockets.AcceptFrom(fd, out var peer, out _);
        FileDescriptors.SetBlocking(accepted); // shows whether it is asked

        using (var socket = AcceptedSockets.Of(fd).Open(accepted, peer, nonBlocking: known))
        {
            socket.Blocking = false;
            Assert.False(socket.Blocking);
            Assert.Equal(!known, (Libc.Fcntl(accepted, Libc.F_GETFL, 0) & Libc.O_NONBLOCK) != 0);
        }

        FileDescriptors.Close(fd);
    }

    [Fact]
    public void Open_Unix_KnowsWhatASocketOfTheHandleKnows()
    {
        var path = Path.Combine(_folder, "listening.sock");
        var fd = ListeningSockets.OpenUnix(path, 16);
        using var client = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        client.Connect(new UnixDomainSocketEndPoint(path));
        Same(fd, client);
        Assert.True(File.Exists(path)); // a connection that ends takes no path along
        FileDescriptors.Close(fd);
    }

    /// <summary>docs/pitfalls.md, 1: a listening Socket that is disposed of or finalized poisons the socket for all who share it.</summary>
    [Fact]
    public void Of_Forgotten_LeavesTheListeningSocketAsItWas()
    {
        var fd = ListeningSockets.OpenTcp(new IPEndPoint(IPAddress.Loopback, 0), 16, out var at);
        Forget(fd);
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();

        Assert.True(ListeningSockets.IsListening(fd));
        Assert.Equal((false, 0), ListeningSockets.Linger(fd));
        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        client.Connect(at);
        FileDescriptors.Close(ListeningSockets.Accept(fd, out _));
        FileDescriptors.Close(fd);

        [MethodImpl(MethodImplOptions.NoInlining)]
        static void Forget(int fd) => Assert.NotNull(AcceptedSockets.Of(fd));
    }

    private static void Same(int listenFd, Socket client)
    {
        var sockets = AcceptedSockets.Of(listenFd);
        Poll.WaitForOne(listenFd, PollEvents.Readable);
        var fd = ListeningSockets.AcceptFrom(listenFd, out var peer, out _);
        Assert.Equal(client.AddressFamily != AddressFamily.Unix, peer is not null);
        using var plain = new Socket(new SafeSocketHandle(FileDescriptors.Duplicate(fd), ownsHandle: true));

        using (var quick = sockets.Open(fd, peer))
        {
            Assert.Equal(
                (plain.AddressFamily, plain.SocketType, plain.ProtocolType, plain.Connected, $"{plain.LocalEndPoint}",
                    $"{plain.RemoteEndPoint}"),
                (quick.AddressFamily, quick.SocketType, quick.ProtocolType, quick.Connected, $"{quick.LocalEndPoint}",
                    $"{quick.RemoteEndPoint}"));
            quick.Blocking = false;
            client.Send([1, 2]);
            var buffer = new byte[2];
            Poll.WaitForOne(fd, PollEvents.Readable);
            Assert.Equal(2, quick.Receive(buffer));
            quick.Send(buffer);
            Assert.Equal(2, client.Receive(buffer));
            quick.Shutdown(SocketShutdown.Both);
        }

        Assert.False(FileDescriptors.IsOpen(fd)); // it owned it
        Assert.Equal(0, client.Receive(new byte[1])); // a FIN, no RST
    }
}
