using System.Net.Sockets;
using System.Text;

namespace Ips.Actors.Tests.Control;

/// <summary>A daemon's control socket that answers one client as a test says.</summary>
internal sealed class FakeDaemon : IDisposable
{
    private readonly Socket _listener;

    internal FakeDaemon(string path, Func<string, NetworkStream, Task> answer)
    {
        _listener = Listen(path, backlog: 8);
        Served = Task.Run(async () =>
        {
            using var client = await _listener.AcceptAsync();
            using var stream = new NetworkStream(client, ownsSocket: false);
            var request = new List<byte>();
            var one = new byte[1];
            while (await stream.ReadAsync(one) == 1 && one[0] != '\n') request.Add(one[0]);
            await answer(Encoding.UTF8.GetString([.. request]), stream);
        });
    }

    /// <summary>Ends when the client was answered; fails if the answer did.</summary>
    internal Task Served { get; }

    /// <summary>Listens at a path, also at one that is too long for a socket address.</summary>
    internal static Socket Listen(string path, int backlog)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        var directory = Mono.Unix.Native.Syscall.open(Path.GetDirectoryName(path)!,
            Mono.Unix.Native.OpenFlags.O_RDONLY | Mono.Unix.Native.OpenFlags.O_CLOEXEC);
        socket.Bind(new UnixDomainSocketEndPoint($"/proc/self/fd/{directory}/{Path.GetFileName(path)}"));
        _ = Mono.Unix.Native.Syscall.close(directory);
        socket.Listen(backlog);
        return socket;
    }

    public void Dispose() => _listener.Dispose();
}

/// <summary>What a fake daemon does besides answering.</summary>
internal static class FakeDaemonExtensions
{
    /// <summary>Says nothing until the client has closed.</summary>
    internal static async Task UntilClosedAsync(this NetworkStream stream) =>
        Assert.Equal(0, await stream.ReadAtLeastAsync(new byte[1], 1, throwOnEndOfStream: false));
}
