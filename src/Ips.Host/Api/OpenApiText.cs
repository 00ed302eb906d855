using System.Security.Cryptography;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.Net.Http.Headers;
using Microsoft.OpenApi;

namespace Ips.Host.Api;

/// <summary>The OpenAPI document as it is sent. Made at the first request: it depends on the options only, which stay as they are while the
/// process runs.</summary>
internal sealed class OpenApiText([FromKeyedServices(OpenApiText.DocumentName)] IOpenApiDocumentProvider documents) : IDisposable
{
    /// <summary>The document's name.</summary>
    public const string DocumentName = "v1";

    /// <summary>Where it is.</summary>
    public const string Path = $"/openapi/{DocumentName}.json";

    private readonly SemaphoreSlim _making = new(1, 1);
    private (byte[] Bytes, EntityTagHeaderValue Tag)? _made;

    /// <summary>Answers with the document, or 304 if the client has it.</summary>
    public async Task AnswerAsync(HttpContext context)
    {
        var (bytes, tag) = await GetAsync(context.RequestAborted);
        context.Response.Headers.ETag = tag.ToString();
        if (ConditionParser.IsKnown(context.Request.Headers.IfNoneMatch, tag))
        {
            context.Response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }
        context.Response.ContentType = "application/json; charset=utf-8";
        context.Response.ContentLength = bytes.Length;
        await context.Response.Body.WriteAsync(bytes, context.RequestAborted);
    }

    public void Dispose() => _making.Dispose();

    private async ValueTask<(byte[] Bytes, EntityTagHeaderValue Tag)> GetAsync(CancellationToken cancellationToken)
    {
        await _making.WaitAsync(cancellationToken);
        try
        {
            if (_made is { } made) return made;
            var document = await documents.GetOpenApiDocumentAsync(cancellationToken);
            using var text = new MemoryStream();
            await document.SerializeAsJsonAsync(text, OpenApiSpecVersion.OpenApi3_1, cancellationToken);
            var bytes = text.ToArray();
            var tag = new EntityTagHeaderValue($"\"{Convert.ToHexStringLower(SHA256.HashData(bytes).AsSpan(0, 16))}\"");
            _made = (bytes, tag);
            return (bytes, tag);
        }
        finally
        {
            _making.Release();
        }
    }
}
