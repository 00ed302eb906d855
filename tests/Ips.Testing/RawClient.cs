using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Ips.Testing;

/// <summary>An HTTP/1.1 client that sends exactly the bytes it is told to, and takes answers apart by itself. <see cref="Limits"/> bound
/// each wait.</summary>
internal sealed class RawClient(Socket socket) : IDisposable
{
    private byte[] _buffer = new byte[16 * 1024];
    private int _start;
    private int _end;

    public Socket Socket => socket;

    /// <summary>Its own TCP port.</summary>
    public int LocalPort => ((IPEndPoint)socket.LocalEndPoint!).Port;

    /// <summary>Connects to 127.0.0.1.</summary>
    public static async Task<RawClient> ConnectAsync(int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port)).WaitAsync(Limits.Step);
        return new RawClient(socket);
    }

    public Task SendAsync(string text) => SendAsync(Encoding.Latin1.GetBytes(text));

    public async Task SendAsync(ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty)
            bytes = bytes[await socket.SendAsync(bytes, SocketFlags.None).AsTask().WaitAsync(Limits.Step)..];
    }

    /// <summary>Sends a request without a body.</summary>
    public Task SendGetAsync(string path) => SendAsync($"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");

    /// <summary>Asks, and reads the whole response.</summary>
    /// <returns>Its text.</returns>
    public async Task<string> GetAsync(string path)
    {
        await SendGetAsync(path);
        return await ReadUntilAsync(IsWhole);
    }

    /// <summary>Reads until what has come since the last read has what is looked for.</summary>
    /// <returns>All of it.</returns>
    /// <exception cref="IOException">The connection ended first.</exception>
    public async Task<string> ReadUntilAsync(Func<string, bool> isEnough)
    {
        var text = new StringBuilder();
        while (true)
        {
            text.Append(Encoding.Latin1.GetString(_buffer, _start, _end - _start));
            _start = _end;
            if (isEnough(text.ToString())) return text.ToString();
            if (!await FillAsync()) throw new IOException($"The connection ended after '{text}'.");
        }
    }

    /// <summary>The next answer, or null if the connection ended before its first byte.</summary>
    public async Task<RawResponse?> ReceiveAsync()
    {
        var status = await LineAsync(endIsFine: true);
        if (status is null) return null;
        Dictionary<string, string> headers = new(StringComparer.OrdinalIgnoreCase);
        while (await LineAsync() is { Length: > 0 } line)
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            headers[line[..colon]] = line[(colon + 1)..].Trim();
        }

        var code = int.Parse(status.Split(' ')[1], CultureInfo.InvariantCulture);
        var body = new StringBuilder();
        if (code is >= 100 and < 200)
        {
            // no body
        }
        else if (headers.TryGetValue("Content-Length", out var length))
        {
            body.Append(await BytesAsync(int.Parse(length, CultureInfo.InvariantCulture)));
        }
        else if (headers.ContainsKey("Transfer-Encoding"))
        {
            int size;
            do
            {
                size = int.Parse((await LineAsync())!, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
                body.Append(await BytesAsync(size));
                if (await LineAsync() is { Length: > 0 } more) throw new InvalidDataException($"Behind a chunk comes '{more}'.");
            }
            while (size > 0);
        }

        return new RawResponse(code, headers, body.ToString());
    }

    /// <summary>How the connection ends, after what is still in it: <c>FIN</c>, <c>RST</c>, or another error's name.</summary>
    public async Task<string> EndAsync()
    {
        try
        {
            while (await FillAsync()) _start = _end;
            return "FIN";
        }
        catch (SocketException e)
        {
            return e.SocketErrorCode is SocketError.ConnectionReset ? "RST" : e.SocketErrorCode.ToString();
        }
    }

    /// <summary>Whether nothing has come: no byte, no FIN, no RST.</summary>
    public bool IsQuiet() => _start == _end && !socket.Poll(0, SelectMode.SelectRead);

    /// <summary>Ends the connection with a RST.</summary>
    public void Reset() => socket.Close(0);

    /// <inheritdoc/>
    public void Dispose() => socket.Dispose();

    private static bool IsWhole(string text)
    {
        var end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        if (end < 0) return false;
        var length = text[..end].Split("\r\n")
            .FirstOrDefault(line => line.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase));
        return length is null ? text.EndsWith("\r\n0\r\n\r\n", StringComparison.Ordinal)
            : text.Length - end - 4 >= int.Parse(length.Split(':')[1], CultureInfo.InvariantCulture);
    }

    private async Task<string?> LineAsync(bool endIsFine = false)
    {
        while (true)
        {
            var index = _buffer.AsSpan(_start, _end - _start).IndexOf("\r\n"u8);
            if (index >= 0)
            {
                var line = Encoding.Latin1.GetString(_buffer, _start, index);
                _start += index + 2;
                return line;
            }

            if (await FillAsync()) continue;
            if (endIsFine && _start == _end) return null;
            throw new EndOfStreamException(
                $"The connection ended in the middle of an answer: {Encoding.Latin1.GetString(_buffer, _start, _end - _start)}");
        }
    }

    private async Task<string> BytesAsync(int count)
    {
        while (_end - _start < count)
        {
            if (!await FillAsync())
                throw new EndOfStreamException($"The connection ended {count - (_end - _start)} bytes before the end of a body.");
        }

        var text = Encoding.Latin1.GetString(_buffer, _start, count);
        _start += count;
        return text;
    }

    private async Task<bool> FillAsync()
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
        }

        if (_end == _buffer.Length) Array.Resize(ref _buffer, _buffer.Length * 2);
        var count = await socket.ReceiveAsync(_buffer.AsMemory(_end), SocketFlags.None).AsTask().WaitAsync(Limits.Step);
        _end += count;
        return count > 0;
    }
}
