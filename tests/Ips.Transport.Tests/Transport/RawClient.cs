using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Ips.Transport.Tests.Transport;

/// <summary>An HTTP/1.1 client that sends exactly the bytes it is told to, and takes answers apart by itself.</summary>
internal sealed class RawClient(Socket socket) : IDisposable
{
    private byte[] _buffer = new byte[64 * 1024];
    private int _start;
    private int _end;

    public Socket Socket => socket;

    public Task SendAsync(string text) => SendAsync(Encoding.Latin1.GetBytes(text));

    public async Task SendAsync(ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty)
            bytes = bytes[await socket.SendAsync(bytes, SocketFlags.None).AsTask().WaitAsync(Eventually.Limit)..];
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
                Assert.Equal("", await LineAsync());
            }
            while (size > 0);
        }
        return new RawResponse(code, headers, body.ToString());
    }

    /// <summary>How the connection ends, after what is still in it.</summary>
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

    public void Dispose() => socket.Dispose();

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
            throw new EndOfStreamException($"The connection ended in the middle of an answer: {Encoding.Latin1.GetString(_buffer, _start, _end - _start)}");
        }
    }

    private async Task<string> BytesAsync(int count)
    {
        while (_end - _start < count)
        {
            if (!await FillAsync()) throw new EndOfStreamException($"The connection ended {count - (_end - _start)} bytes before the end of a body.");
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
        var count = await socket.ReceiveAsync(_buffer.AsMemory(_end), SocketFlags.None).AsTask().WaitAsync(Eventually.Limit);
        _end += count;
        return count > 0;
    }
}
