using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Ips.Actors.Posix;
using Ips.Actors.Transport;

namespace Ips.Transport.Tests.Posix;

/// <summary>A loop with listeners on loopback, and the clients that connect to them.</summary>
public abstract class AcceptLoopTest : IDisposable
{
    private protected readonly BlockingCollection<(int Id, int Fd)> _accepted = [];
    private protected readonly BlockingCollection<Exception> _errors = [];
    private protected readonly List<Socket> _clients = [];
    private protected readonly List<int> _toClose = [];
    private protected readonly AcceptLoop _loop;
    private protected Action<int, int> _onAccepted;

    protected AcceptLoopTest()
    {
        _onAccepted = (id, fd) => _accepted.Add((id, fd));
        _loop = new AcceptLoop(_errors.Add);
    }

    public void Dispose()
    {
        _loop.Dispose();
        _toClose.AddRange(_accepted.Select(accepted => accepted.Fd));
        _toClose.ForEach(FileDescriptors.Close);
        _clients.ForEach(client => client.Dispose());
        GC.SuppressFinalize(this);
    }

    private protected void Add(AcceptLoop loop, int id, int fd) => loop.Add(id, fd, (accepted, _) => _onAccepted(id, accepted));

    private protected void AddRead(AcceptLoop loop, int id, int fd, SemaphoreSlim ready) =>
        loop.Add(id, fd, (accepted, _) => _onAccepted(id, accepted), () => ready.Release());

    private protected (int Fd, IPEndPoint At) Listen(int backlog = 64)
    {
        var fd = ListeningSockets.OpenTcp(new IPEndPoint(IPAddress.Loopback, 0), backlog, out var at);
        _toClose.Add(fd);
        return (fd, at);
    }

    private protected Socket Connect(IPEndPoint at)
    {
        var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        _clients.Add(client);
        client.Connect(at);
        return client;
    }

    private protected (int Id, int Fd) Next(bool close = true)
    {
        Assert.True(_accepted.TryTake(out var accepted, Fds.Bound), "Nothing was accepted.");
        if (close) _toClose.Add(accepted.Fd);
        return accepted;
    }

    private protected static string PeerOf(int fd)
    {
        using var socket = new Socket(new SafeSocketHandle(fd, ownsHandle: false));
        return socket.RemoteEndPoint!.ToString()!;
    }
}
