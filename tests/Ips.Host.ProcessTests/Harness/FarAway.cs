using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;

namespace Ips.Host.ProcessTests.Harness;

/// <summary>A local server as it is seen from far away: what either side sends is under way for a while. Bytes are never lost, and the end
/// of one side arrives at the other after them.</summary>
internal sealed class FarAway : IAsyncDisposable
{
    private static readonly TimeSpan s_delay = TimeSpan.FromMilliseconds(10); // each way

    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly CancellationTokenSource _ending = new();
    private readonly int _server;
    private readonly Task _accepting;

    private FarAway(int server)
    {
        _server = server;
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen(1024);
        _accepting = AcceptAsync();
    }

    /// <summary>The port that is far away.</summary>
    public int Port => ((IPEndPoint)_listener.LocalEndPoint!).Port;

    /// <summary>Puts a distance before a server.</summary>
    /// <param name="server">Its port.</param>
    public static FarAway From(int server) => new(server);

    /// <summary>Ends every connection.</summary>
    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        _listener.Dispose();
        await _accepting.WaitAsync(Limits.Step);
        _ending.Dispose();
    }

    private async Task AcceptAsync()
    {
        var connections = new List<Task>();
        try
        {
            while (true) connections.Add(ServeAsync(await _listener.AcceptAsync(_ending.Token)));
        }
        catch (Exception e) when (_ending.IsCancellationRequested
            && e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            await Task.WhenAll(connections);
        }
    }

    private async Task ServeAsync(Socket client)
    {
        using (client)
        using (var server = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true })
        {
            client.NoDelay = true;
            try
            {
                await server.ConnectAsync(IPAddress.Loopback, _server, _ending.Token);
                await Task.WhenAll(CarryAsync(client, server), CarryAsync(server, client));
            }
            catch (Exception e) when (e is SocketException or OperationCanceledException)
            {
                client.Close(0); // as the other side sees it: a reset
            }
        }
    }

    private async Task CarryAsync(Socket from, Socket to)
    {
        var underWay = Channel.CreateBounded<(DateTime Due, byte[] Bytes)>(64); // a full network stops the sender
        var arriving = ArriveAsync();
        var buffer = new byte[16 * 1024];
        try
        {
            int count;
            do
            {
                count = await from.ReceiveAsync(buffer, SocketFlags.None, _ending.Token);
                await underWay.Writer.WriteAsync((DateTime.UtcNow + s_delay, buffer[..count]), _ending.Token);
            }
            while (count > 0);
        }
        finally
        {
            underWay.Writer.TryComplete();
            await arriving;
        }

        async Task ArriveAsync()
        {
            await foreach (var (due, bytes) in underWay.Reader.ReadAllAsync(_ending.Token))
            {
                if (due - DateTime.UtcNow is { Ticks: > 0 } left) await Task.Delay(left, _ending.Token);
                if (bytes.Length == 0) to.Shutdown(SocketShutdown.Send);
                for (var sent = 0; sent < bytes.Length;)
                    sent += await to.SendAsync(bytes.AsMemory(sent), SocketFlags.None, _ending.Token);
            }
        }
    }
}
