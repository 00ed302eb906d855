using System.Globalization;
using System.Text;
using System.Text.Json;
using Ips.Host.ProcessTests.Harness;
using Ips.Host.Tests.Auth;
using Ips.Testing.Load;

namespace Ips.Host.ProcessTests.Inventory;

/// <summary>An access key as <c>ips key add</c> made it, and the scheme that its owner signs with.</summary>
internal sealed record Signer(string Key, string Secret, string Scheme);

/// <summary>Asks the inventory over one connection at a time, signs each request, and never asks twice: a request that is not answered as
/// it should is a fault.</summary>
/// <remarks>A new connection is opened only after the server said <c>Connection: close</c>, or closed while nothing was asked.</remarks>
internal sealed class SignedClient(LoadTarget target, Signer signer) : IAsyncDisposable
{
    private readonly HttpMessageParser _parser = new(HttpMessageKind.Response);
    private readonly byte[] _buffer = new byte[16 * 1024];
    private readonly Collector _body = new();
    private LoadConnection? _connection;

    /// <summary>Who answered last.</summary>
    public int Generation { get; private set; }

    /// <summary>Asks, and takes nothing but a whole answer of status 200 with code 0.</summary>
    /// <returns>The answer's <c>data</c>.</returns>
    /// <exception cref="LoadFaultException">Anything else.</exception>
    public async Task<JsonElement> AskAsync(string method, string path, string query = "", string? body = null)
    {
        try
        {
            var connection = await ConnectAsync();
            connection.BeginRequest();
            await connection.SendAsync(Request(method, path, query, body));
            _body.Clear();
            _parser.Begin(_body);
            await connection.ReadResponseAsync(_parser);
            if (_parser.Status != 200) throw new LoadFaultException(FailureKind.WrongStatus,
                $"{method} {path}: status {_parser.Status}: {_body}");
            using var answer = JsonDocument.Parse(_body.ToString());
            if (answer.RootElement.GetProperty("code").GetInt32() != 0) throw new LoadFaultException(FailureKind.WrongStatus,
                $"{method} {path}: {_body}");
            Generation = _parser.Generation ?? 0;
            if (_parser.Close) await DisposeAsync();
            return answer.RootElement.GetProperty("data").Clone();
        }
        catch (LoadFaultException)
        {
            await DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_connection is null) return;
        await _connection.DisposeAsync();
        _connection = null;
    }

    private async Task<LoadConnection> ConnectAsync()
    {
        if (_connection is not null && await _connection.RestAsync(TimeSpan.Zero, TimeSpan.Zero,
            CancellationToken.None) == Rest.Closed) await DisposeAsync();
        return _connection ??= await LoadConnection.OpenAsync(target, _buffer, Limits.Step, CancellationToken.None);
    }

    private byte[] Request(string method, string path, string query, string? body)
    {
        var (content, expires, nonce) = (Encoding.UTF8.GetBytes(body ?? ""),
            DateTimeOffset.UtcNow.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture), Guid.NewGuid().ToString("N"));
        var parameters = query.Split('&', StringSplitOptions.RemoveEmptyEntries).Select(pair => pair.Split('=', 2))
            .Select(pair => KeyValuePair.Create(pair[0], pair[1]));
        var signature = TestSigner.Sign(signer.Scheme, signer.Secret,
            TestSigner.Text(signer.Scheme, method, path, parameters, content, expires, signer.Key, nonce));
        var authorization = "";
        if (signer.Scheme == "v2") authorization =
            $"Authorization: IPS-HMAC-SHA256 accesskey={signer.Key}, expires={expires}, nonce={nonce}, signature={signature}\r\n";
        else query = $"{query}{(query.Length > 0 ? "&" : "")}accesskey={signer.Key}&expires={expires}&signature={signature}";
        var length = body is null ? "" : string.Create(CultureInfo.InvariantCulture, $"Content-Length: {content.Length}\r\n");
        var head = $"{method} {path}{(query.Length > 0 ? "?" : "")}{query} HTTP/1.1\r\nHost: {target.Host}\r\nContent-Type: "
            + $"application/json\r\n{authorization}{length}\r\n";
        return [.. Encoding.ASCII.GetBytes(head), .. content];
    }

    private sealed class Collector : IBodySink
    {
        private readonly List<byte> _bytes = [];

        public void Clear() => _bytes.Clear();

        public void Append(ReadOnlySpan<byte> piece) => _bytes.AddRange(piece);

        public override string ToString() => Encoding.UTF8.GetString([.. _bytes]);
    }
}
