using System.Globalization;
using System.Security.Cryptography;
using Ips.Testing.Load;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Ips.Testing.Fuzz;

/// <summary>The server's half of the fuzz.</summary>
internal static class FuzzEndpoints
{
    private const int PieceBytes = 8 * 1024;

    /// <summary>
    /// Maps <c>/fuzz/{pipe|stream|exact|ignore}/{id}</c>: reads the request's body in that way (<c>exact</c> takes <c>take</c> bytes) and
    /// answers the id, and length and SHA-256 of what was read. <c>ms</c>, <c>until</c>: waits before the answer, for a time or for a word
    /// (<see cref="FuzzJournal.Release"/>). <c>bytes</c>: more of these in the answer. <c>chunked=1</c>: an answer without Content-Length.
    /// <c>early=1</c>: an answer that begins before the body is read.
    /// </summary>
    public static IEndpointRouteBuilder MapFuzzEndpoints(this IEndpointRouteBuilder endpoints)
    {
        var journal = FuzzJournal.Open();
        if (journal is not null) endpoints.ServiceProvider.GetRequiredService<IHostApplicationLifetime>().ApplicationStopped
            .Register(journal.Dispose);
        endpoints.Map("/fuzz/{how}/{id}", context => AnswerAsync(context, journal));
        return endpoints;
    }

    private static async Task AnswerAsync(HttpContext context, FuzzJournal? journal)
    {
        var id = (string)context.Request.RouteValues["id"]!;
        journal?.Write(id);
        // Clients here are slow on purpose, and a busy machine makes them slower.
        context.Features.GetRequiredFeature<IHttpMinRequestBodyDataRateFeature>().MinDataRate = null;
        context.Features.GetRequiredFeature<IHttpMinResponseDataRateFeature>().MinDataRate = null;
        if (!Enum.TryParse<FuzzReading>((string?)context.Request.RouteValues["how"], ignoreCase: true, out var how))
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }

        if (Number(context, "early") > 0)
        {
            await context.Response.Body.WriteAsync(FuzzAnswers.Early(id), context.RequestAborted);
            await context.Response.Body.FlushAsync(context.RequestAborted);
        }

        var read = how switch
        {
            FuzzReading.Pipe => await ReadPipeAsync(context),
            FuzzReading.Stream => await ReadStreamAsync(context, int.MaxValue),
            FuzzReading.Exact => await ReadStreamAsync(context, Number(context, "take")),
            _ => null,
        };
        if (context.Request.Query["until"] is [{ Length: > 0 } word] && journal is not null) await journal
            .WaitAsync(word, context.RequestAborted);
        if (Number(context, "ms") is > 0 and var milliseconds) await Task.Delay(milliseconds, context.RequestAborted);

        var (line, filler) = (FuzzAnswers.Line(id, read), Number(context, "bytes"));
        if (!context.Response.HasStarted && Number(context, "chunked") == 0) context.Response.ContentLength = line.Length + filler;
        await context.Response.Body.WriteAsync(line, context.RequestAborted);
        var piece = new byte[Math.Min(PieceBytes, filler)];
        for (var offset = 0; offset < filler; offset += PieceBytes)
        {
            var bytes = piece.AsMemory(0, Math.Min(PieceBytes, filler - offset));
            FuzzAnswers.Fill(bytes.Span, id, offset);
            await context.Response.Body.WriteAsync(bytes, context.RequestAborted);
        }
    }

    private static async Task<string> ReadPipeAsync(HttpContext context)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var length = 0L;
        while (true)
        {
            var read = await context.Request.BodyReader.ReadAsync(context.RequestAborted);
            foreach (var piece in read.Buffer) hash.AppendData(piece.Span);
            length += read.Buffer.Length;
            context.Request.BodyReader.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted) return LoadBodies.UploadEcho(length, hash.GetHashAndReset());
        }
    }

    private static async Task<string> ReadStreamAsync(HttpContext context, int take)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var (buffer, length) = (new byte[PieceBytes], 0);
        while (length < take)
        {
            var count = await context.Request.Body.ReadAsync(buffer.AsMemory(0, Math.Min(PieceBytes, take - length)),
                context.RequestAborted);
            if (count == 0) break;
            hash.AppendData(buffer.AsSpan(0, count));
            length += count;
        }

        return LoadBodies.UploadEcho(length, hash.GetHashAndReset());
    }

    private static int Number(HttpContext context, string key) =>
        int.TryParse(context.Request.Query[key], NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : 0;
}
