using System.Buffers;
using System.Net.Sockets;
using System.Text;

namespace Ips.Testing.Load;

/// <summary>Reads the requests of one connection of a <see cref="MisbehavingServer"/>, one after the other, and knows their right
/// answers.</summary>
internal sealed class MisbehavingServerRequest(Socket socket) : IBodySink
{
    private readonly HttpMessageParser _parser = new(HttpMessageKind.Request);
    private readonly ArrayBufferWriter<byte> _body = new();
    private readonly byte[] _buffer = new byte[16 * 1024];
    private Memory<byte> _unread;

    /// <summary>Reads the next request.</summary>
    /// <param name="stopInBody">Return as soon as the first bytes of a body were read.</param>
    /// <param name="end">Ends the wait.</param>
    /// <returns>False if the client closed.</returns>
    public async Task<bool> ReadAsync(bool stopInBody, CancellationToken end)
    {
        _body.ResetWrittenCount();
        _parser.Begin(this);
        while (!_parser.IsComplete && !(stopInBody && _body.WrittenCount > 0))
        {
            if (_unread.IsEmpty)
            {
                var length = await socket.ReceiveAsync(_buffer, SocketFlags.None, end);
                if (length == 0) return false;
                _unread = _buffer.AsMemory(0, length);
            }

            _unread = _unread[_parser.Feed(_unread.Span)..];
        }

        return true;
    }

    /// <summary>The body that the request read last must be answered with.</summary>
    public byte[] Answer()
    {
        var parts = _parser.Target.Split('?');
        var query = parts.Length > 1 ? parts[1] : "";
        return parts[0] switch
        {
            "/ping" => Encoding.ASCII.GetBytes(LoadBodies.Pong),
            "/stream" => LoadBodies.Stream(new LoadPaths { Stream = _parser.Target }.StreamChunks),
            "/upload" => Encoding.ASCII.GetBytes(LoadBodies.UploadEcho(_body.WrittenSpan)),
            "/large" => LoadBodies.Large(int.Parse(query.AsSpan("bytes=".Length), provider: null)),
            _ => throw new InvalidOperationException($"The load asks for no '{_parser.Target}'."),
        };
    }

    /// <inheritdoc/>
    public void Append(ReadOnlySpan<byte> piece) => _body.Write(piece);
}
