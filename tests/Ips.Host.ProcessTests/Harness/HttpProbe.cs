using System.Globalization;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;

namespace Ips.Host.ProcessTests.Harness;

/// <summary>What a request was answered.</summary>
internal sealed record ProbeAnswer(int Status, int Generation, string Body);

/// <summary>Asks once, on a connection of its own.</summary>
internal static class HttpProbe
{
    /// <summary>Over TCP, or over TLS from the owner of exactly this certificate.</summary>
    public static async Task<ProbeAnswer> GetAsync(string url, X509Certificate2? certificate = null)
    {
        var handler = new SocketsHttpHandler();
        handler.SslOptions.RemoteCertificateValidationCallback = (_, shown, _, _) => shown?.GetCertHashString() == certificate?.Thumbprint;
        return await AskAsync(handler, url);
    }

    /// <summary>What a server on 127.0.0.1 shows for its certificate, by its thumbprint.</summary>
    public static async Task<string> ThumbprintAsync(int port)
    {
        var shown = "";
        var handler = new SocketsHttpHandler();
        handler.SslOptions.RemoteCertificateValidationCallback = (_, certificate, _, _) =>
            (shown = certificate?.GetCertHashString() ?? "").Length > 0;
        Assert.Equal(200, (await AskAsync(handler, $"https://127.0.0.1:{port}/ping")).Status);
        return shown;
    }

    /// <summary>Over a Unix socket.</summary>
    public static async Task<ProbeAnswer> GetUnixAsync(string socketPath, string path) => await AskAsync(
        new SocketsHttpHandler
        {
            ConnectCallback = async (_, token) =>
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(socketPath), token);
                return new NetworkStream(socket, ownsSocket: true);
            },
        },
        $"http://localhost{path}");

    private static async Task<ProbeAnswer> AskAsync(SocketsHttpHandler handler, string url)
    {
        handler.UseProxy = false;
        using var client = new HttpClient(handler) { Timeout = Limits.Step };
        using var request = new HttpRequestMessage(HttpMethod.Get, url);
        request.Headers.ConnectionClose = true;
        using var response = await client.SendAsync(request);
        var generation = response.Headers.TryGetValues("X-Ips-Generation", out var values)
            ? int.Parse(values.Single(), CultureInfo.InvariantCulture) : 0;
        return new ProbeAnswer((int)response.StatusCode, generation, await response.Content.ReadAsStringAsync());
    }
}
