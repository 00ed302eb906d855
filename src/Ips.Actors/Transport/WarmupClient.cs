using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Ips.Actors.Transport;

/// <summary>Sends a request or two over a connection and reads the answers. Knows as much of HTTP as a warm-up needs.</summary>
internal static class WarmupClient
{
    /// <summary>A response is read to its end, so that the app runs as for a client, but not beyond this: 16 MiB.</summary>
    public const long ResponseLimitBytes = 16 * 1024 * 1024;

    private const int StatusLength = 12; // of "HTTP/1.1 200"
    private const int BufferBytes = 16 * 1024;

    /// <summary>Sends a GET and reads the response until the server ends the connection.</summary>
    /// <param name="client">The client's end of a fresh connection; it serves this request only, and is left for the caller to
    /// close.</param>
    /// <param name="target">Path and query, as in a request line; begins with <c>/</c>.</param>
    /// <param name="host">Value of the Host header.</param>
    /// <param name="cancellationToken">The deadline. The app hears of it when <paramref name="client"/> is closed.</param>
    /// <returns>The status code.</returns>
    /// <exception cref="ArgumentException"><paramref name="target"/> or <paramref name="host"/> would not be one line of a
    /// request.</exception>
    /// <exception cref="IOException">The connection ended without a whole status line, or the response is above
    /// <see cref="ResponseLimitBytes"/>.</exception>
    public static async Task<int> GetAsync(Socket client, string target, string host, CancellationToken cancellationToken)
    {
        Check(target, host);
        try
        {
            await SendAsync(client, target, host, close: true, cancellationToken);
            var (status, total) = await ReadStatusAsync(client, target, cancellationToken);
            await ReadToEndAsync(client, target, total, cancellationToken);
            return status;
        }
        catch (SocketException e)
        {
            throw Reset(target, e);
        }
    }

    /// <summary>The same as a client does it that keeps its connection: the server waits for the first request and for a second one, by
    /// code of its own.</summary>
    /// <param name="client">As for <see cref="GetAsync"/>; it serves both requests.</param>
    /// <param name="target">As for <see cref="GetAsync"/>.</param>
    /// <param name="host">As for <see cref="GetAsync"/>.</param>
    /// <param name="pause">How long the server waits for each request.</param>
    /// <param name="cancellationToken">As for <see cref="GetAsync"/>.</param>
    /// <returns>The status code of the first answer.</returns>
    /// <exception cref="ArgumentException">As for <see cref="GetAsync"/>.</exception>
    /// <exception cref="IOException">As for <see cref="GetAsync"/>.</exception>
    public static async Task<int> GetTwiceAsync(Socket client, string target, string host, TimeSpan pause,
        CancellationToken cancellationToken)
    {
        Check(target, host);
        try
        {
            await Task.Delay(pause, cancellationToken);
            await SendAsync(client, target, host, close: false, cancellationToken);
            var (status, total) = await ReadStatusAsync(client, target, cancellationToken);
            await AskAgainAsync(total);
            return status;
        }
        catch (SocketException e)
        {
            throw Reset(target, e);
        }

        async Task AskAgainAsync(long total)
        {
            try
            {
                await Task.Delay(pause, cancellationToken);
                await SendAsync(client, target, host, close: true, cancellationToken);
                await ReadToEndAsync(client, target, total, cancellationToken);
            }
            catch (SocketException)
            {
                // The server has ended the connection with its first answer, as it may.
            }
        }
    }

    private static void Check(string target, string host)
    {
        if (!target.StartsWith('/') || target.AsSpan().ContainsAnyExceptInRange('!', '~'))
            throw new ArgumentException(
                $"The warm-up target is \"{target}\"; it must begin with / and have neither spaces nor control characters "
                + "(ips.warmup.requests).", nameof(target));
        if (host.AsSpan().ContainsAnyExceptInRange('!', '~'))
            throw new ArgumentException($"The warm-up host is \"{host}\"; it must have neither spaces nor control characters.",
                nameof(host));

    }

    private static IOException Reset(string target, SocketException e) =>
        new($"The server reset the connection of warm-up request {target}: {e.Message}", e);

    private static async Task SendAsync(Socket client, string target, string host, bool close, CancellationToken cancellationToken)
    {
        var connection = close ? "Connection: close\r\n" : "";
        ReadOnlyMemory<byte> request = Encoding.ASCII
            .GetBytes($"GET {target} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: ips-warmup\r\n{connection}\r\n");
        while (!request.IsEmpty) request = request[await client.SendAsync(request, cancellationToken)..];
    }

    private static async Task<(int Status, long Total)> ReadStatusAsync(Socket client, string target, CancellationToken cancellationToken)
    {
        var buffer = new byte[BufferBytes];
        var total = 0;
        while (await client.ReceiveAsync(buffer.AsMemory(total), cancellationToken) is > 0 and var count)
        {
            total += count;
            if (total >= StatusLength) return (ParseStatus(buffer), total);
        }

        throw new IOException($"The server ended the connection of warm-up request {target} without an answer.");
    }

    private static async Task ReadToEndAsync(Socket client, string target, long total, CancellationToken cancellationToken)
    {
        var buffer = new byte[BufferBytes];
        while (await client.ReceiveAsync(buffer, cancellationToken) is > 0 and var count)
        {
            total += count;
            if (total > ResponseLimitBytes)
                throw new IOException(
                    $"The response to warm-up request {target} is above {ResponseLimitBytes} bytes; warm up with a smaller one "
                    + "(ips.warmup.requests).");
        }
    }

    /// <summary>The code of <c>HTTP/1.1 200 ...</c>.</summary>
    private static int ParseStatus(ReadOnlySpan<byte> response) =>
        int.TryParse(response[9..StatusLength], NumberStyles.None, CultureInfo.InvariantCulture, out var code)
            ? code
            : throw new IOException(
                $"The answer to a warm-up request begins with \"{Encoding.Latin1.GetString(response[..StatusLength])}\"; that is no "
                + "HTTP/1.1 status line.");
}

/// <summary>Marks a request that Ips sent itself, without the network, to warm the app up before it serves: then
/// <c>context.Features.Get&lt;IIpsWarmupFeature&gt;()</c> is not null. Such requests are for the paths of
/// <see cref="Ips.Actors.Configuration.WarmupOptions.Requests"/> and, in a successor, for the app's health endpoints. Leave them out of
/// access logs and metrics of the app's own; no client sees their responses.</summary>
public interface IIpsWarmupFeature;
