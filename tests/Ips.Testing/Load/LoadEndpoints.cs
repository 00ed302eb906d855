using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Ips.Testing.Load;

/// <summary>The server's half of the load: what <see cref="StrictLoad"/> and <see cref="SlowReader"/> ask for.</summary>
internal static class LoadEndpoints
{
    private const int PieceSizeBytes = 16 * 1024;

    /// <summary>
    /// Maps <c>GET /ping</c> (answers <see cref="LoadBodies.Pong"/>), <c>GET /stream?ms=3000&amp;chunks=30</c> (that many chunks at equal
    /// intervals),
    /// <c>POST /upload</c> (answers the body's length and SHA-256) and <c>GET /large?bytes=524288</c> (a body of that length, with
    /// Content-Length).
    /// </summary>
    public static IEndpointRouteBuilder MapLoadEndpoints(this IEndpointRouteBuilder endpoints)
    {
        // Request delegates, not minimal-API handlers: nothing to bind, nothing to generate, and the same cost in each generation.
        endpoints.MapGet("/ping", context => context.Response.WriteAsync(LoadBodies.Pong, context.RequestAborted));
        endpoints.MapGet("/stream", StreamAsync);
        endpoints.MapPost("/upload", UploadAsync);
        endpoints.MapGet("/large", LargeAsync);
        return endpoints;
    }

    private static async Task StreamAsync(HttpContext context)
    {
        if (Query(context, "ms", 3000) is not { } milliseconds || Query(context, "chunks", 30) is not { } chunks || chunks == 0)
        {
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            return;
        }

        var interval = TimeSpan.FromMilliseconds(milliseconds) / chunks;
        for (var number = 1; number <= chunks; number++)
        {
            await context.Response.Body.WriteAsync(LoadBodies.StreamChunk(number, chunks), context.RequestAborted);
            await context.Response.Body.FlushAsync(context.RequestAborted);
            await Task.Delay(interval, context.RequestAborted);
        }
    }

    private static async Task UploadAsync(HttpContext context)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var length = 0L;
        while (true)
        {
            var read = await context.Request.BodyReader.ReadAsync(context.RequestAborted);
            foreach (var piece in read.Buffer) hash.AppendData(piece.Span);
            length += read.Buffer.Length;
            context.Request.BodyReader.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted) break;
        }

        await context.Response.WriteAsync(LoadBodies.UploadEcho(length, hash.GetHashAndReset()), context.RequestAborted);
    }

    private static async Task LargeAsync(HttpContext context)
    {
        if (Query(context, "bytes", 512 * 1024) is not { } size)
        {
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            return;
        }

        context.Response.ContentLength = size;
        var piece = ArrayPool<byte>.Shared.Rent(PieceSizeBytes);
        try
        {
            for (var offset = 0; offset < size; offset += PieceSizeBytes)
            {
                var bytes = piece.AsMemory(0, Math.Min(PieceSizeBytes, size - offset));
                LoadBodies.FillLarge(bytes.Span, offset);
                await context.Response.Body.WriteAsync(bytes, context.RequestAborted);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(piece);
        }
    }

    /// <summary>A number of the query, from 0 up; null if it is something else.</summary>
    private static int? Query(HttpContext context, string key, int whenMissing) =>
        !context.Request.Query.TryGetValue(key, out var text) ? whenMissing
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value
        : null;
}
