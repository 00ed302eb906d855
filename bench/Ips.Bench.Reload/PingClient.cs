using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Ips.Bench.Reload;

/// <summary>Asks <c>/ping</c> over a new connection each time.</summary>
internal static class PingClient
{
    private const string GenerationHeader = "X-Ips-Generation: ";
    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(2);
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(120);

    /// <summary>Asks until <paramref name="generation"/> answers 200.</summary>
    /// <exception cref="TimeoutException">It did not within two minutes.</exception>
    public static void WaitForGeneration(int port, int generation)
    {
        var deadline = Environment.TickCount64 + (long)s_patience.TotalMilliseconds;
        while (Ask(port) != generation)
        {
            if (Environment.TickCount64 > deadline)
            {
                throw new TimeoutException($"Generation {generation} did not answer on port {port} within {s_patience.TotalSeconds} s.");
            }

            Thread.Sleep(s_interval);
        }
    }

    /// <summary>The generation that answered 200; null if nobody listens yet.</summary>
    private static int? Ask(int port)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream,
            ProtocolType.Tcp)
        { ReceiveTimeout = (int)s_patience.TotalMilliseconds };
        try
        {
            socket.Connect(IPAddress.Loopback, port);
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionRefused)
        {
            return null;
        }

        socket.Send("GET /ping HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"u8);
        var response = new StringBuilder();
        var buffer = new byte[4096];
        int count;
        while ((count = socket.Receive(buffer)) > 0)
        {
            response.Append(Encoding.Latin1.GetString(buffer, 0, count));
        }

        var text = response.ToString();
        var at = text.IndexOf(GenerationHeader, StringComparison.Ordinal);
        return text.StartsWith("HTTP/1.1 200 ", StringComparison.Ordinal) && at > 0
            ? int.Parse(text.AsSpan(at + GenerationHeader.Length,
                text.IndexOf("\r\n", at, StringComparison.Ordinal) - at - GenerationHeader.Length))
            : throw new InvalidOperationException($"A request failed, so its time says nothing: '{text}'");
    }
}
