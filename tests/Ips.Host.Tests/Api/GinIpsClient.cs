#pragma warning disable CA5350, CA5351 // Gin-IPs signs with SHA-1 and MD5
using System.Globalization;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Ips.Host.Tests.Api;

/// <summary>Sends what the Go client of Gin-IPs sends, byte for byte: its signature, Go's encoding of a query, and the headers of Go's HTTP
/// client. Written from what that client does on the wire.</summary>
internal sealed class GinIpsClient(Uri address, string key, string secret)
{
    /// <summary>The header that the client always sends; null leaves it out.</summary>
    public string? ContentType { get; init; } = "application/json";

    /// <summary>Seconds to add to the clock of the client.</summary>
    public int ClockSeconds { get; init; }

    /// <summary>Parameters of the credentials that are not sent.</summary>
    public IReadOnlyList<string> Without { get; init; } = [];

    /// <summary>A query with every name sorted and every value escaped for GET and DELETE, and a JSON object for POST and PUT.</summary>
    /// <param name="path">The path.</param>
    /// <param name="method">Upper case.</param>
    /// <param name="parameters">GET, DELETE: texts. POST, PUT: what JSON takes.</param>
    /// <param name="hasBody">False sends a POST or PUT without a body, as clients in other languages do, and signs an empty line for
    /// it.</param>
    public async Task<GinIpsAnswer> RequestAsync(string path, string method, IReadOnlyDictionary<string, object> parameters,
        bool hasBody = true)
    {
        var sorted = new SortedDictionary<string, object>(parameters.ToDictionary(p => p.Key, p => p.Value), StringComparer.Ordinal);
        var inQuery = method is "GET" or "DELETE";
        var body = inQuery || !hasBody ? [] : JsonSerializer.SerializeToUtf8Bytes(sorted);
        var expires = (DateTimeOffset.UtcNow.ToUnixTimeSeconds() + ClockSeconds).ToString(CultureInfo.InvariantCulture);
        var signed = string.Join('\n', method, path, inQuery ? string.Concat(sorted.Select(p => p.Key + p.Value)) : "",
            body.Length == 0 ? "" : Convert.ToHexStringLower(MD5.HashData(body)), expires, key);
        SortedDictionary<string, string> query = new(StringComparer.Ordinal)
        {
            ["accesskey"] = key, ["expires"] = expires, ["signature"] = Convert
                .ToHexStringLower(HMACSHA1.HashData(Encoding.UTF8.GetBytes(secret), Encoding.UTF8.GetBytes(signed))),
        };
        foreach (var name in Without) query.Remove(name);
        if (inQuery)
            foreach (var (name, value) in sorted) query.Add(name, value.ToString()!);
        var target = path + "?" + string.Join('&', query.Select(p => $"{Escape(p.Key)}={Escape(p.Value)}"));
        var head = new StringBuilder($"{method} {target} HTTP/1.1\r\nHost: {address.Authority}\r\nUser-Agent: Go-http-client/1.1\r\n");
        if (!inQuery) head.Append(CultureInfo.InvariantCulture, $"Content-Length: {body.Length}\r\n");
        if (ContentType is not null) head.Append(CultureInfo.InvariantCulture, $"Content-Type: {ContentType}\r\n");
        head.Append("Accept-Encoding: gzip\r\nConnection: close\r\n\r\n"); // Go keeps the connection; the test reads to its end
        using var client = new TcpClient();
        await client.ConnectAsync(address.Host, address.Port);
        await using var stream = client.GetStream();
        await stream.WriteAsync((byte[])[.. Encoding.ASCII.GetBytes(head.ToString()), .. body]);
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return GinIpsAnswer.Parse(await reader.ReadToEndAsync().WaitAsync(TimeSpan.FromSeconds(20)));
    }

    // Go's url.QueryEscape: a space is +, and only letters, digits and - _ . ~ stay.
    private static string Escape(string text) => Uri.EscapeDataString(text).Replace("%20", "+", StringComparison.Ordinal);
}

/// <summary>An answer as a Go program reads it, into structs whose fields have one type each.</summary>
internal sealed record GinIpsAnswer(int Status, IReadOnlyDictionary<string, string> Headers, long Code, string Message, long Page,
    long PageSize, long Size, long Total, IReadOnlyList<JsonElement> List)
{
    public IEnumerable<string> Ids => List.Select(item => item.GetProperty("id").GetString()!);

    public static GinIpsAnswer Parse(string text)
    {
        var parts = text.Split("\r\n\r\n", 2);
        var lines = parts[0].Split("\r\n");
        var headers = lines.Skip(1).Select(line => line.Split(": ", 2))
            .ToDictionary(p => p[0], p => p[1], StringComparer.OrdinalIgnoreCase);
        using var document = JsonDocument.Parse(parts[1]);
        var root = document.RootElement;
        var data = root.GetProperty("data");
        return new GinIpsAnswer(int.Parse(lines[0].Split(' ')[1], CultureInfo.InvariantCulture), headers,
            root.GetProperty("code").GetInt64(), root.GetProperty("message").GetString()!,
            data.GetProperty("page").GetInt64(), data.GetProperty("page_size").GetInt64(), data.GetProperty("size").GetInt64(),
                data.GetProperty("total").GetInt64(),
            [.. data.GetProperty("list").EnumerateArray().Select(item => item.Clone())]);
    }
}
