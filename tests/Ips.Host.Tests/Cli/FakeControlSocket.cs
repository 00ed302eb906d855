using System.Net.Sockets;
using System.Text;

namespace Ips.Host.Tests.Cli;

/// <summary>A daemon's control socket: each request gets the lines that the test gives for its verb, then the connection is
/// closed.</summary>
internal sealed class FakeControlSocket : IDisposable
{
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly Task _serving;

    internal FakeControlSocket(string path, Func<string, string> answer)
    {
        _listener.Bind(new UnixDomainSocketEndPoint(path));
        _listener.Listen(8);
        _serving = Task.Run(async () =>
        {
            while (true)
            {
                using var client = await _listener.AcceptAsync();
                await using var stream = new NetworkStream(client);
                using var reader = new StreamReader(stream, leaveOpen: true);
                var request = await reader.ReadLineAsync() ?? "";
                Requests.Add(request);
                var text = Encoding.UTF8.GetBytes(answer(request));
                if (!client.Poll(0, SelectMode.SelectRead)) await stream.WriteAsync(text); // unless the client has given up and closed
            }
        });
    }

    /// <summary>What was asked, in order.</summary>
    internal List<string> Requests { get; } = [];

    public void Dispose()
    {
        _listener.Dispose();
        // The loop ends with the listener, and in no other way.
        Assert.ThrowsAny<Exception>(() => _serving.Wait(TimeSpan.FromSeconds(20)) ? true : throw new TimeoutException());
        // the latter if it was not waiting at that moment
        Assert.True(_serving.Exception?.GetBaseException() is SocketException or ObjectDisposedException);
    }
}
