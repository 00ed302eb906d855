using System.Buffers.Text;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Ips.Host.Auth;

namespace Ips.Bench.Inventory;

/// <summary>A lean HTTP/1.1 client: it shares two cores with the server it measures.</summary>
internal static class LoadClient
{
    private const int Connections = 16;
    private const int SignedAhead = 512;
    private static readonly TimeSpan SignedFor = TimeSpan.FromSeconds(5); // half of the window in which a signature is valid

    /// <summary>Requests a second.</summary>
    /// <param name="port">The server's port.</param>
    /// <param name="duration">How long.</param>
    /// <param name="next">Path and query of the next request; signed with v1 if it begins with /v1.</param>
    /// <param name="mustContain">What each answer must hold.</param>
    public static async Task<double> MeasureAsync(int port, TimeSpan duration, Func<int, string> next, string mustContain)
    {
        long count = 0;
        var watch = Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(0, Connections).Select(connection => Task.Run(async () =>
        {
            using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            await socket.ConnectAsync(IPAddress.Loopback, port);
            var buffer = new byte[256 * 1024];
            var number = connection;
            var expected = Encoding.ASCII.GetBytes(mustContain);
            var signed = new byte[SignedAhead][];
            var signedAt = TimeSpan.FromHours(-1);
            while (watch.Elapsed < duration)
            {
                // Ahead, and for /ping as well: what is measured is the server, not the signing of its clients.
                if (watch.Elapsed - signedAt > SignedFor)
                {
                    signedAt = watch.Elapsed;
                    for (var i = 0; i < signed.Length; i++) signed[i] = Encoding.ASCII
                        .GetBytes(Request("GET", next(number + (i * Connections)), []));
                }
                await socket.SendAsync(signed[number / Connections % SignedAhead]);
                var (status, length) = await ReadAsync(socket, buffer);
                if (status != 200 || buffer.AsSpan(0, length).IndexOf(expected) < 0) throw new InvalidOperationException(Encoding.UTF8
                    .GetString(buffer, 0, length));
                number += Connections;
                Interlocked.Increment(ref count);
            }
        })));
        return count / watch.Elapsed.TotalSeconds;
    }

    /// <summary>The text of a request.</summary>
    public static string Request(string method, string target, byte[] body)
    {
        if (target.StartsWith("/v1", StringComparison.Ordinal))
        {
            var (path, query) = target.Split('?') is [var p, var q] ? (p, q) : (target, "");
            if (!RequestQuery.TryParse("?" + query, out var parsed)) throw new ArgumentException("Too many parameters.", nameof(target));
            var credentials = new Credentials(SignatureScheme.V1, Server.Key,
                DateTimeOffset.UtcNow.ToUnixTimeSeconds().ToString(System.Globalization.CultureInfo.InvariantCulture), 0, "", "");
            var signature = SignatureText.Sign(SignatureScheme.V1, Server.Secret,
                SignatureText.Build(method, path, parsed.Parameters, body, credentials));
            target = $"{path}?{query}&accesskey={Server.Key}&expires={credentials.ExpiresText}&signature={signature}";
        }
        return $"{method} {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: "
            + $"application/json\r\n{(body.Length > 0 ? $"Content-Length: {body.Length}\r\n" : "")}\r\n{Encoding.UTF8.GetString(body)}";
    }

    /// <summary>Reads one answer with a Content-Length.</summary>
    public static async Task<(int Status, int Length)> ReadAsync(Socket socket, byte[] buffer)
    {
        var length = 0;
        while (true)
        {
            var read = await socket.ReceiveAsync(buffer.AsMemory(length));
            if (read == 0) throw new IOException("The server closed the connection.");
            length += read;
            var end = buffer.AsSpan(0, length).IndexOf("\r\n\r\n"u8);
            if (end < 0) continue;
            var at = buffer.AsSpan(0, end).IndexOf("Content-Length: "u8);
            if (at < 0 || !Utf8Parser.TryParse(buffer.AsSpan(at + 16), out int bodyLength,
                out _)) throw new IOException("The answer has no Content-Length.");
            if (length < end + 4 + bodyLength) continue;
            if (!Utf8Parser.TryParse(buffer.AsSpan(9), out int status, out _)) throw new IOException("The answer has no status.");
            return (status, length);
        }
    }
}
