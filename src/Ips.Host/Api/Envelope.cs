using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Ips.Host.Inventory;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace Ips.Host.Api;

/// <summary>The form of every answer of <c>/v1</c>: <c>{"code","message","data":{"page","page_size","size","total","list"}}</c>;
/// if the code is not 0, all numbers of <c>data</c> are 0 and its list is empty.</summary>
internal static class Envelope
{
    private const string ContentType = "application/json; charset=utf-8";
    private static readonly Data NoData = new(new ObjectPage(default, 0, []), false, null, false);
    private static readonly JsonWriterOptions WriterOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Answers one page of objects.</summary>
    /// <param name="context">The request.</param>
    /// <param name="page">The page.</param>
    /// <param name="isCut">Marks a search that asked for no page and has more hits than one answer holds.</param>
    /// <param name="dryRun">What a dry run would have done.</param>
    public static Task WritePageAsync(HttpContext context, ObjectPage page, bool isCut = false, string? dryRun = null)
    {
        var buffer = new ArrayBufferWriter<byte>(256 + page.Items.Sum(item => item.Body.Length + 32));
        Write(buffer, ApiCode.Success, Languages.PrefersChinese(context.Request.Headers.AcceptLanguage) ? "成功" : "success",
            new Data(page, isCut, dryRun, IsGinIps(context)));
        return SendAsync(context, StatusCodes.Status200OK, buffer);
    }

    /// <summary>Answers a problem.</summary>
    public static Task WriteProblemAsync(HttpContext context, Problem problem)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        if (IsGinIps(context)) problem = GinIpsMap.Of(problem);
        if (problem.Status == StatusCodes.Status503ServiceUnavailable) context.Response.Headers.RetryAfter = "1";
        Write(buffer, problem.Code, problem.Message(Languages.PrefersChinese(context.Request.Headers.AcceptLanguage)), NoData);
        return SendAsync(context, problem.Status, buffer);
    }

    private static void Write(ArrayBufferWriter<byte> buffer, ApiCode code, string message, Data data)
    {
        using var json = new Utf8JsonWriter(buffer, WriterOptions);
        json.WriteStartObject();
        json.WriteNumber("code", (int)code);
        json.WriteString("message", message);
        json.WriteStartObject("data");
        var page = data.Page;
        json.WriteNumber("page", page.Page.Number);
        json.WriteNumber("page_size", page.Page.Size);
        json.WriteNumber("size", page.Items.Count);
        json.WriteNumber("total", page.Total);
        if (data.IsCut) json.WriteBoolean("truncated", true);
        if (data.DryRun is { } would) json.WriteString("dry_run", would);
        json.WriteStartArray("list");
        foreach (var item in page.Items) WriteItem(json, item, data.IsGinIps);
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndObject();
    }

    // The stored JSON as it is, with the version put in before its last brace.
    private static void WriteItem(Utf8JsonWriter json, StoredObject item, bool isGinIps)
    {
        Span<byte> tail = stackalloc byte[32];
        var body = item.Body.Span[..^1];
        if (!System.Text.Unicode.Utf8.TryWrite(tail, CultureInfo.InvariantCulture, $",\"version\":{item.Version}}}", out var length))
            throw new InvalidOperationException($"The version {item.Version} does not fit into {tail.Length} bytes.");
        var whole = ArrayPool<byte>.Shared.Rent(body.Length + length);
        body.CopyTo(whole);
        tail[..length].CopyTo(whole.AsSpan(body.Length));
        if (isGinIps) GinIpsMap.NameClass(whole);
        // written by ObjectCodec, which is the store's only writer
        json.WriteRawValue(whole.AsSpan(0, body.Length + length), skipInputValidation: true);
        ArrayPool<byte>.Shared.Return(whole);
    }

    private static bool IsGinIps(HttpContext context) =>
        context.RequestServices.GetRequiredService<IOptions<ApiOptions>>().Value.Compatibility == ApiCompatibility.GinIps;

    private static Task SendAsync(HttpContext context, int status, ArrayBufferWriter<byte> buffer)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = ContentType;
        context.Response.ContentLength = buffer.WrittenCount;
        return context.Response.Body.WriteAsync(buffer.WrittenMemory, context.RequestAborted).AsTask();
    }

    private readonly record struct Data(ObjectPage Page, bool IsCut, string? DryRun, bool IsGinIps);
}

/// <summary>Which language a client wants its messages in.</summary>
internal static class Languages
{
    /// <summary>Whether Chinese is the most wanted language of an Accept-Language header. English otherwise, also if the header cannot be
    /// read.</summary>
    public static bool PrefersChinese(StringValues acceptLanguage)
    {
        if (StringValues.IsNullOrEmpty(acceptLanguage) || !StringWithQualityHeaderValue
            .TryParseList(acceptLanguage, out var wanted)) return false;
        var best = wanted.Where(w => w.Quality is null or > 0).OrderByDescending(w => w.Quality ?? 1).FirstOrDefault();
        return best is not null && (best.Value.Equals("zh", StringComparison.OrdinalIgnoreCase)
            || best.Value.StartsWith("zh-", StringComparison.OrdinalIgnoreCase));
    }
}
