using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Text;

namespace Ips.Actors.Transport;

/// <summary>Sends one request over a <see cref="MemoryConnection"/> and reads the answer. Knows as much of HTTP as a warm-up needs.</summary>
internal static class WarmupClient
{
    /// <summary>A response is read to its end, so that the app runs as for a client, but not beyond this: 16 MiB.</summary>
    public const long ResponseLimitBytes = 16 * 1024 * 1024;

    /// <summary>Sends a GET and reads the response until the server ends the connection.</summary>
    /// <param name="connection">A fresh connection that a listener delivers; it serves this request only.</param>
    /// <param name="target">Path and query, as in a request line; begins with <c>/</c>.</param>
    /// <param name="host">Value of the Host header.</param>
    /// <param name="cancellationToken">The deadline. The connection is then aborted.</param>
    /// <returns>The status code.</returns>
    /// <exception cref="ArgumentException"><paramref name="target"/> or <paramref name="host"/> would not be one line of a request.</exception>
    /// <exception cref="IOException">The connection ended without a whole status line, or the response is above <see cref="ResponseLimitBytes"/>.</exception>
    public static async Task<int> GetAsync(MemoryConnection connection, string target, string host, CancellationToken cancellationToken)
    {
        if (!target.StartsWith('/') || target.AsSpan().ContainsAnyExceptInRange('!', '~'))
            throw new ArgumentException($"The warm-up target is \"{target}\"; it must begin with / and have neither spaces nor control characters (ips.warmup.requests).", nameof(target));
        if (host.AsSpan().ContainsAnyExceptInRange('!', '~'))
            throw new ArgumentException($"The warm-up host is \"{host}\"; it must have neither spaces nor control characters.", nameof(host));

        using var abort = cancellationToken.UnsafeRegister(static state => ((MemoryConnection)state!).Abort(), connection);
        var (input, output) = (connection.Client.Input, connection.Client.Output);
        try
        {
            await output.WriteAsync(Encoding.ASCII.GetBytes($"GET {target} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: ips-warmup\r\nConnection: close\r\n\r\n"), cancellationToken);
            return await ReadStatusAsync(input, target, cancellationToken);
        }
        catch (InvalidOperationException) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellationToken); // the abort has completed the pipe that is written to
        }
        finally
        {
            await output.CompleteAsync();
            await input.CompleteAsync();
        }
    }

    private static async Task<int> ReadStatusAsync(PipeReader input, string target, CancellationToken cancellationToken)
    {
        int? status = null;
        long total = 0;
        while (true)
        {
            var result = await input.ReadAsync(cancellationToken);
            status ??= ParseStatus(result.Buffer);
            if (status is not null)
            {
                total += result.Buffer.Length;
                input.AdvanceTo(result.Buffer.End);
            }
            else
            {
                input.AdvanceTo(result.Buffer.Start, result.Buffer.End);
            }
            if (total > ResponseLimitBytes)
                throw new IOException($"The response to warm-up request {target} is above {ResponseLimitBytes} bytes; warm up with a smaller one (ips.warmup.requests).");
            if (result.IsCompleted)
                return status ?? throw new IOException($"The server ended the connection of warm-up request {target} without an answer.");
        }
    }

    /// <summary>The code of <c>HTTP/1.1 200 ...</c>, or null while fewer bytes than that are there.</summary>
    private static int? ParseStatus(in ReadOnlySequence<byte> response)
    {
        const int Length = 12;
        if (response.Length < Length) return null;
        Span<byte> line = stackalloc byte[Length];
        response.Slice(0, Length).CopyTo(line);
        return int.TryParse(line[9..], NumberStyles.None, CultureInfo.InvariantCulture, out var code)
            ? code
            : throw new IOException($"The answer to a warm-up request begins with \"{Encoding.Latin1.GetString(line)}\"; that is no HTTP/1.1 status line.");
    }
}
