using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using Ips.Testing.Load;

namespace Ips.Host.ProcessTests.AppKinds;

/// <summary>A connection over which requests are sent as they are written, and answers come as they are on the wire.</summary>
internal sealed partial class HttpAsker : IAsyncDisposable
{
    private readonly Stream _stream;

    private HttpAsker(Stream stream) => _stream = stream;

    /// <summary>Connects; TLS included.</summary>
    public static async Task<HttpAsker> ConnectAsync(LoadTarget target)
    {
        var socket = target.CreateSocket(null);
        await socket.ConnectAsync(target.EndPoint).WaitAsync(Limits.Step);
        Stream stream = new NetworkStream(socket, ownsSocket: true);
        if (target.Tls)
        {
            var secure = new SslStream(stream, false, TestCertificate.Accept);
            await secure.AuthenticateAsClientAsync("localhost").WaitAsync(Limits.Step);
            stream = secure;
        }

        return new HttpAsker(stream);
    }

    /// <summary>Asks, and returns the answer without its date.</summary>
    /// <param name="request">Method and target, and header lines behind them.</param>
    public async Task<string> AskAsync(string request)
    {
        var lines = request.Split("\r\n", 2);
        var more = lines.Length > 1 ? $"{lines[1]}\r\n" : "";
        if (request.StartsWith("POST ", StringComparison.Ordinal)) more += "Content-Length: 0\r\n";
        var bytes = Encoding.Latin1.GetBytes($"{lines[0]} HTTP/1.1\r\nHost: localhost\r\n{more}\r\n");
        await _stream.WriteAsync(bytes).AsTask().WaitAsync(Limits.Step);
        var answer = new StringBuilder();
        var buffer = new byte[64 * 1024];
        while (!IsWhole(answer.ToString()))
        {
            var read = await _stream.ReadAsync(buffer).AsTask().WaitAsync(Limits.Step);
            if (read == 0) throw new IOException($"The connection ended after '{answer}'.");
            answer.Append(Encoding.Latin1.GetString(buffer, 0, read));
        }

        return DateHeader().Replace(answer.ToString(), "");
    }

    public ValueTask DisposeAsync() => _stream.DisposeAsync();

    /// <summary>A call of the service in tests/Ips.AppKinds/Kinds/greeter.proto: status, headers, message and trailers.</summary>
    public static async Task<string> CallGreeterAsync(HttpClient client, int port)
    {
        byte[] hello = [0x0a, 4, .. "gRPC"u8]; // field 1, a string
        using var request = new HttpRequestMessage(HttpMethod.Post, $"http://127.0.0.1:{port}/kinds.Greeter/SayHello")
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent([0, 0, 0, 0, (byte)hello.Length, .. hello])
            {
                Headers = { ContentType = new MediaTypeHeaderValue("application/grpc") },
            },
        };
        request.Headers.TE.ParseAdd("trailers");
        using var response = await client.SendAsync(request).WaitAsync(Limits.Step);
        var message = await response.Content.ReadAsByteArrayAsync().WaitAsync(Limits.Step);
        response.Headers.Date = null;
        return $"{(int)response.StatusCode} {response.Headers}{response.Content.Headers}{Convert.ToHexString(message)} "
            + response.TrailingHeaders;
    }

    private static bool IsWhole(string text)
    {
        var end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        if (end < 0) return false;
        if (text.StartsWith("HTTP/1.1 304", StringComparison.Ordinal)) return true;
        var length = text[..end].Split("\r\n").FirstOrDefault(line => line.StartsWith("Content-Length:", StringComparison.Ordinal));
        return length is null ? text.EndsWith("0\r\n\r\n", StringComparison.Ordinal)
            : text.Length - end - 4 >= int.Parse(length.Split(':')[1], CultureInfo.InvariantCulture);
    }

    [GeneratedRegex("Date: [^\r]*\r\n")]
    private static partial Regex DateHeader();
}
