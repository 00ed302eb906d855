using System.Buffers;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Ips.Host.Api;

/// <summary>An entry of the access log as one line of UTF-8, with its line feed. Pure.</summary>
internal static class AccessLogCodec
{
    private static readonly JsonWriterOptions WriterOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The line in <paramref name="format"/>, which is not <see cref="AccessLogFormat.Off"/>.</summary>
    public static byte[] Write(AccessLogEntry entry, AccessLogFormat format) => format == AccessLogFormat.Json ? Json(entry)
        : Common(entry);

    private static byte[] Common(AccessLogEntry entry)
    {
        // The Common Log Format's date has no colon in its offset.
        var time = entry.Time.ToString("dd/MMM/yyyy:HH:mm:ss zzz", CultureInfo.InvariantCulture).Remove(24, 1);
        return Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture,
            $"{entry.Remote?.ToString() ?? "-"} - {entry.KeyId ?? "-"} [{time}] \"{entry.Method} {Escape(entry.Target)} "
                + $"{entry.Protocol}\" {entry.Status} {(entry.SizeBytes is { } size ? size : "-")} "
                + $"{entry.Duration.TotalMilliseconds:0.000}ms generation={entry.Generation} trace={entry.TraceId}\n"));
    }

    private static byte[] Json(AccessLogEntry entry)
    {
        var buffer = new ArrayBufferWriter<byte>(384);
        using (var json = new Utf8JsonWriter(buffer, WriterOptions))
        {
            json.WriteStartObject();
            json.WriteString("time", entry.Time.ToString("yyyy-MM-dd'T'HH:mm:ss.fffzzz", CultureInfo.InvariantCulture));
            json.WriteString("remote", entry.Remote?.ToString());
            json.WriteString("key", entry.KeyId);
            json.WriteString("method", entry.Method);
            json.WriteString("target", entry.Target);
            json.WriteString("protocol", entry.Protocol);
            json.WriteNumber("status", entry.Status);
            if (entry.SizeBytes is { } size) json.WriteNumber("bytes", size);
            else json.WriteNull("bytes");
            json.WriteNumber("duration_ms", Math.Round(entry.Duration.TotalMilliseconds, 3));
            json.WriteNumber("generation", entry.Generation);
            json.WriteString("trace", entry.TraceId);
            json.WriteEndObject();
        }
        buffer.Write("\n"u8);
        return buffer.WrittenSpan.ToArray();
    }

    // A quote or a line break in a path must not end the field or the line.
    private static string Escape(string text)
    {
        if (!text.Any(c => c is '"' or '\\' || char.IsControl(c))) return text;
        var escaped = new StringBuilder(text.Length + 8);
        foreach (var c in text)
        {
            if (c is '"' or '\\') escaped.Append('\\').Append(c);
            else if (char.IsControl(c)) escaped.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
            else escaped.Append(c);
        }
        return escaped.ToString();
    }
}

/// <summary>One answered request.</summary>
/// <param name="Time">When it came.</param>
/// <param name="Remote">The client's address; null on a Unix socket.</param>
/// <param name="KeyId">The access key's name; null if none was checked.</param>
/// <param name="Method">Method.</param>
/// <param name="Target">Path and query, without the signature.</param>
/// <param name="Protocol">For example <c>HTTP/1.1</c>.</param>
/// <param name="Status">HTTP status.</param>
/// <param name="SizeBytes">Content-Length of the answer; null if it was not known beforehand.</param>
/// <param name="Duration">From the first byte of the request's headers parsed to the end of the answer.</param>
/// <param name="Generation">Which generation answered.</param>
/// <param name="TraceId">The trace id.</param>
internal sealed record AccessLogEntry(
    DateTimeOffset Time, IPAddress? Remote, string? KeyId, string Method, string Target, string Protocol, int Status, long? SizeBytes,
    TimeSpan Duration, int Generation, string TraceId);
