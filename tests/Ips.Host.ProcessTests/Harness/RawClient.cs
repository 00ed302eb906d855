using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Ips.Host.ProcessTests.Harness;

/// <summary>One connection on which a test does exactly what it says. Limits bound each wait.</summary>
internal sealed class RawClient : IDisposable
{
    private readonly Socket _socket;
    private readonly byte[] _buffer = new byte[16 * 1024];

    private RawClient(Socket socket) => _socket = socket;

    /// <summary>Its own TCP port.</summary>
    public int LocalPort => ((IPEndPoint)_socket.LocalEndPoint!).Port;

    /// <summary>Connects to 127.0.0.1.</summary>
    public static async Task<RawClient> ConnectAsync(int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port)).WaitAsync(Limits.Step);
        return new RawClient(socket);
    }

    /// <summary>Sends what is given.</summary>
    public async Task SendAsync(string text) => await _socket.SendAsync(Encoding.ASCII.GetBytes(text)).WaitAsync(Limits.Step);

    /// <summary>Sends a request without a body.</summary>
    public Task SendGetAsync(string path) => SendAsync($"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");

    /// <summary>Reads until the text so far has what is looked for.</summary>
    /// <returns>All that was read.</returns>
    /// <exception cref="IOException">The connection ended first.</exception>
    public async Task<string> ReadUntilAsync(Func<string, bool> isEnough)
    {
        var text = new StringBuilder();
        while (!isEnough(text.ToString()))
        {
            var read = await _socket.ReceiveAsync(_buffer.AsMemory()).AsTask().WaitAsync(Limits.Step);
            if (read == 0) throw new IOException($"The connection ended after '{text}'.");
            text.Append(Encoding.ASCII.GetString(_buffer, 0, read));
        }

        return text.ToString();
    }

    /// <summary>Asks, and reads the whole response.</summary>
    public async Task<string> GetAsync(string path)
    {
        await SendGetAsync(path);
        return await ReadUntilAsync(IsWhole);
    }

    /// <summary>Reads to the connection's end and says how it came.</summary>
    /// <returns>True for a FIN, false for a RST.</returns>
    public async Task<bool> WaitForEndAsync()
    {
        try
        {
            while (await _socket.ReceiveAsync(_buffer.AsMemory()).AsTask().WaitAsync(Limits.Step) > 0)
            {
            }

            return true;
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionReset)
        {
            return false;
        }
    }

    public void Dispose() => _socket.Dispose();

    private static bool IsWhole(string text)
    {
        var end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        if (end < 0) return false;
        var length = text[..end].Split("\r\n").FirstOrDefault(line => line.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase));
        return length is null ? text.EndsWith("\r\n0\r\n\r\n", StringComparison.Ordinal)
            : text.Length - end - 4 >= int.Parse(length.Split(':')[1], CultureInfo.InvariantCulture);
    }
}
