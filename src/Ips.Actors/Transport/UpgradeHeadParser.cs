using System.Text;
using Ips.Actors.Handover;
using Microsoft.AspNetCore.Http.Features;

namespace Ips.Actors.Transport;

/// <summary>The heads of an upgrade as bytes: a request's is written, and a response's is read.</summary>
internal static class UpgradeHeadParser
{
    private static readonly byte[] s_end = [.. "\r\n\r\n"u8];

    /// <summary>The head of a request, as it came; null if it cannot be written so that it is read as the same one.</summary>
    public static byte[]? Write(IHttpRequestFeature request)
    {
        if (!IsVisible(request.Method) || !IsVisible(request.RawTarget)) return null;
        var head = new StringBuilder(request.Method).Append(' ').Append(request.RawTarget).Append(" HTTP/1.1\r\n");
        foreach (var (name, values) in request.Headers)
        {
            if (!IsVisible(name)) return null;
            foreach (var value in values)
            {
                if (value is null || value.AsSpan().ContainsAny('\r', '\n', '\0')) return null;
                head.Append(name).Append(": ").Append(value).Append("\r\n");
            }
        }

        var bytes = Encoding.UTF8.GetBytes(head.Append("\r\n").ToString()); // Kestrel reads header values as UTF-8
        return bytes.Length <= UpgradeParcel.MaxHeadBytes ? bytes : null;
    }

    /// <summary>Where the head of a response ends; -1 if it is not whole.</summary>
    public static int EndOf(ReadOnlySpan<byte> response) => response.IndexOf(s_end) is >= 0 and var at ? at + s_end.Length : -1;

    /// <summary>What the head of a response says.</summary>
    /// <param name="head">The head, to the empty line.</param>
    /// <param name="answer">Its headers.</param>
    /// <returns>The status; 0 if it is no response.</returns>
    public static int Read(ReadOnlySpan<byte> head, out UpgradeAnswer answer)
    {
        answer = new UpgradeAnswer("", "", "");
        var lines = Encoding.Latin1.GetString(head).Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        if (lines is not [['H', 'T', 'T', 'P', '/', '1', '.', '1', ' ', .. var status], ..] || status.Length < 3
            || !int.TryParse(status.AsSpan(0, 3), out var code))
        {
            return 0;
        }

        answer = new UpgradeAnswer(
            Values(lines, "Sec-WebSocket-Accept"), Values(lines, "Sec-WebSocket-Protocol"), Values(lines, "Sec-WebSocket-Extensions"));
        return code;
    }

    /// <summary>The headers of a response that is about to be sent.</summary>
    public static UpgradeAnswer Read(IHttpResponseFeature response)
    {
        return new UpgradeAnswer(Of("Sec-WebSocket-Accept"), Of("Sec-WebSocket-Protocol"), Of("Sec-WebSocket-Extensions"));

        string Of(string name) => response.Headers.TryGetValue(name, out var values) ? string.Join(", ", values.ToArray()) : "";
    }

    /// <summary>Which header of two answers differs; null if none does.</summary>
    public static string? Difference(UpgradeAnswer was, UpgradeAnswer now) => was.Accept != now.Accept ? "accept"
        : was.Protocol != now.Protocol ? "subprotocol"
        : was.Extensions != now.Extensions ? "extensions" : null;

    private static string Values(string[] lines, string name) => string.Join(", ", lines.Skip(1)
        .Where(line => line.StartsWith(name, StringComparison.OrdinalIgnoreCase) && line.AsSpan(name.Length).StartsWith(":"))
        .Select(line => line[(name.Length + 1)..].Trim()));

    private static bool IsVisible(string text) => text.Length > 0 && !text.AsSpan().ContainsAnyExceptInRange('!', '~');
}
