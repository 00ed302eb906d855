using System.Globalization;
using System.Text;

namespace Ips.Testing.Load;

/// <summary>One kind of request: how it is sent and what must come back.</summary>
internal abstract class LoadRequest
{
    /// <summary>The body that the answer to the request sent last must have; null for any.</summary>
    public abstract ReadOnlyMemory<byte>? ExpectedBody { get; }

    /// <summary>Sends one request, or as much of it as the server waits for.</summary>
    /// <param name="connection">Where to.</param>
    /// <param name="number">The worker's running number of this request.</param>
    /// <returns>False if the server answered, or closed, before the request was sent whole: the connection is of no use after that
    /// answer.</returns>
    public abstract ValueTask<bool> SendAsync(LoadConnection connection, long number);

    /// <summary>The requests of one worker.</summary>
    public static LoadRequest Of(WorkerKind kind, int worker, LoadOptions options) => kind switch
    {
        WorkerKind.Stream => new Get(options.Target, [options.Paths.Stream], LoadBodies.Stream(options.Paths.StreamChunks)),
        WorkerKind.Upload => new Upload(options, worker),
        _ => new Get(options.Target, [options.Paths.Ping, .. options.Paths.More],
            options.Paths.PingBody is { } body ? Encoding.ASCII.GetBytes(body) : (ReadOnlyMemory<byte>?)null),
    };

    internal static byte[] Head(string method, LoadTarget target, string path, string headers) =>
        Encoding.ASCII.GetBytes($"{method} {path} HTTP/1.1\r\nHost: {target.Host}\r\n{headers}\r\n");

    /// <summary>A GET of some paths in turn.</summary>
    internal sealed class Get(LoadTarget target, IReadOnlyList<string> paths, ReadOnlyMemory<byte>? expectedBody) : LoadRequest
    {
        private readonly byte[][] _bytes = [.. paths.Select(path => Head("GET", target, path, ""))];

        public override ReadOnlyMemory<byte>? ExpectedBody { get; } = expectedBody;

        public override async ValueTask<bool> SendAsync(LoadConnection connection, long number)
        {
            await connection.SendAsync(_bytes[number % _bytes.Length]);
            return true;
        }
    }

    /// <summary>A POST whose body takes its time: every other one says Content-Length, the others are chunked. No two bodies are equal, so
    /// an echo of another request's bytes shows.</summary>
    internal sealed class Upload(LoadOptions options, int worker) : LoadRequest
    {
        private readonly byte[] _body = LoadBodies.Large(options.UploadPieces * options.UploadPieceSizeBytes);
        private byte[] _echo = [];

        public override ReadOnlyMemory<byte>? ExpectedBody => _echo;

        public override async ValueTask<bool> SendAsync(LoadConnection connection, long number)
        {
            // 64 bytes at most, the least that a piece may have.
            Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"upload {number} of worker {worker}\n")).CopyTo(_body, 0);
            _echo = Encoding.ASCII.GetBytes(LoadBodies.UploadEcho(_body));
            var chunked = number % 2 == 0;
            var framing = chunked ? "Transfer-Encoding: chunked\r\n"
                : string.Create(CultureInfo.InvariantCulture, $"Content-Length: {_body.Length}\r\n");
            await connection.SendAsync(Head("POST", options.Target, options.Paths.Upload, framing));
            var chunkHead = Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{options.UploadPieceSizeBytes:X}\r\n"));
            for (var piece = 0; piece < options.UploadPieces; piece++)
            {
                // Not cut short by a stop of the load: a worker finishes what it began.
                if (await connection.ArrivesWithinAsync(options.UploadTime / options.UploadPieces, CancellationToken.None)) return false;
                var bytes = _body.AsMemory(piece * options.UploadPieceSizeBytes, options.UploadPieceSizeBytes);
                if (chunked) bytes = (byte[])[.. chunkHead, .. bytes.Span, .. "\r\n"u8];
                await connection.SendAsync(bytes);
            }

            if (chunked) await connection.SendAsync("0\r\n\r\n"u8.ToArray());
            return true;
        }
    }
}
