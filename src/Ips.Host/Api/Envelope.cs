using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Ips.Host.Inventory;

namespace Ips.Host.Api;

/// <summary>The form of every answer of <c>/v1</c>: <c>{"code","message","data":{"page","page_size","size","total","list"}}</c>;
/// <c>data</c> is null if the code is not 0.</summary>
internal static class Envelope
{
    private const string ContentType = "application/json; charset=utf-8";
    private static readonly JsonWriterOptions WriterOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Answers one page of objects.</summary>
    public static Task WritePageAsync(HttpContext context, ObjectPage page)
    {
        var buffer = new ArrayBufferWriter<byte>(256 + page.Items.Sum(item => item.Body.Length + 32));
        Write(buffer, ApiCode.Success, Languages.PrefersChinese(context.Request.Headers.AcceptLanguage) ? "成功" : "success", page);
        return SendAsync(context, StatusCodes.Status200OK, buffer);
    }

    /// <summary>Answers a problem.</summary>
    public static Task WriteProblemAsync(HttpContext context, Problem problem)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        Write(buffer, problem.Code, problem.Message(Languages.PrefersChinese(context.Request.Headers.AcceptLanguage)), null);
        return SendAsync(context, problem.Status, buffer);
    }

    /// <summary>Writes the envelope.</summary>
    public static void Write(IBufferWriter<byte> buffer, ApiCode code, string message, ObjectPage? page)
    {
        using var json = new Utf8JsonWriter(buffer, WriterOptions);
        json.WriteStartObject();
        json.WriteNumber("code", (int)code);
        json.WriteString("message", message);
        if (page is null)
        {
            json.WriteNull("data");
        }
        else
        {
            json.WriteStartObject("data");
            json.WriteNumber("page", page.Page.Number);
            json.WriteNumber("page_size", page.Page.Size);
            json.WriteNumber("size", page.Items.Count);
            json.WriteNumber("total", page.Total);
            json.WriteStartArray("list");
            foreach (var item in page.Items) WriteItem(json, item);
            json.WriteEndArray();
            json.WriteEndObject();
        }
        json.WriteEndObject();
    }

    // The stored JSON as it is, with the version put in before its last brace.
    private static void WriteItem(Utf8JsonWriter json, StoredObject item)
    {
        Span<byte> tail = stackalloc byte[32];
        var body = item.Body.Span[..^1];
        if (!System.Text.Unicode.Utf8.TryWrite(tail, CultureInfo.InvariantCulture, $",\"version\":{item.Version}}}", out var length))
            throw new InvalidOperationException($"The version {item.Version} does not fit into {tail.Length} bytes.");
        var whole = ArrayPool<byte>.Shared.Rent(body.Length + length);
        body.CopyTo(whole);
        tail[..length].CopyTo(whole.AsSpan(body.Length));
        json.WriteRawValue(whole.AsSpan(0, body.Length + length), skipInputValidation: true); // written by ObjectCodec, which is the store's only writer
        ArrayPool<byte>.Shared.Return(whole);
    }

    private static Task SendAsync(HttpContext context, int status, ArrayBufferWriter<byte> buffer)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = ContentType;
        context.Response.ContentLength = buffer.WrittenCount;
        return context.Response.Body.WriteAsync(buffer.WrittenMemory, context.RequestAborted).AsTask();
    }
}
