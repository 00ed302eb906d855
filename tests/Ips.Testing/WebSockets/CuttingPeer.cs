using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;

namespace Ips.Testing.WebSockets;

/// <summary>A client that parts its messages into frames, puts pings between them, and cuts what it sends at any byte.</summary>
internal sealed class CuttingPeer : IChainPeer
{
    private static readonly TimeSpan EndTimeout = TimeSpan.FromSeconds(1); // as .NET's own client

    private readonly Socket _socket;
    private readonly NetworkStream _stream;
    private readonly Random _random;
    private readonly SemaphoreSlim _writing = new(1, 1);
    private readonly Queue<byte[]> _pings = new();
    private readonly bool _cuts;
    private volatile bool _closing;

    private CuttingPeer(Socket socket, int seed, bool cuts) =>
        (_socket, _stream, _random, _cuts) = (socket, new NetworkStream(socket, ownsSocket: true), new Random(seed), cuts);

    public long Pongs { get; private set; }

    public WebSocketCloseStatus? Closed { get; private set; }

    /// <summary>The answer to its request.</summary>
    public string Answer { get; private set; } = "";

    /// <summary>The connection.</summary>
    public Socket Socket => _socket;

    /// <summary>Connects.</summary>
    /// <param name="endPoint">Where.</param>
    /// <param name="path">Which WebSocket.</param>
    /// <param name="seed">Where it cuts.</param>
    /// <param name="headers">More headers, each with its line end.</param>
    /// <param name="cuts">False: each message is one write.</param>
    public static async Task<CuttingPeer> ConnectAsync(IPEndPoint endPoint, string path, int seed, string headers = "", bool cuts = true)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(endPoint).WaitAsync(Limits.Step);
        var peer = new CuttingPeer(socket, seed, cuts);
        await peer._stream.WriteAsync(Encoding.Latin1.GetBytes(
            $"GET {path} HTTP/1.1\r\nHost: local\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            + $"Sec-WebSocket-Key: {Convert.ToBase64String(Guid.NewGuid().ToByteArray())}\r\n{headers}\r\n"));
        peer.Answer = await peer.ReadHeadAsync().WaitAsync(Limits.Step);
        return peer.Answer.StartsWith("HTTP/1.1 101 ", StringComparison.Ordinal) ? peer
            : throw new IOException($"The WebSocket was not accepted: {peer.Answer}");
    }

    public async Task SendAsync(byte[] message, WebSocketMessageType type)
    {
        var bytes = new List<byte>();
        var rest = message.AsSpan();
        var opcode = type is WebSocketMessageType.Text ? 1 : 2;
        do
        {
            var part = _cuts && _random.Next(3) == 0 ? rest[.._random.Next(rest.Length + 1)] : rest;
            rest = rest[part.Length..];
            AddFrame(bytes, rest.IsEmpty, opcode, part);
            opcode = 0;
            if (_cuts && _random.Next(4) == 0) AddPing(bytes);
        }
        while (!rest.IsEmpty);
        await WriteAsync([.. bytes]);
    }

    public async Task<(WebSocketMessageType Type, byte[] Data)?> ReceiveAsync()
    {
        var (message, type) = (new MemoryStream(), WebSocketMessageType.Binary);
        while (true)
        {
            var (final, opcode, payload) = await ReadFrameAsync();
            switch (opcode)
            {
                case 8:
                    Closed = payload.Length >= 2 ? (WebSocketCloseStatus)BinaryPrimitives.ReadUInt16BigEndian(payload)
                        : WebSocketCloseStatus.Empty;
                    if (!_closing) await SendFrameAsync(true, 8, payload);
                    await WaitForEndAsync();
                    return null;
                case 9: await SendFrameAsync(true, 10, payload); continue;
                case 10:
                    HearPong(payload);
                    continue;
                case 1 or 2: type = opcode == 1 ? WebSocketMessageType.Text : WebSocketMessageType.Binary; break;
                case 0: break;
                default: throw new IOException($"The server sent a frame of opcode {opcode}.");
            }

            message.Write(payload);
            if (final) return (type, message.ToArray());
        }
    }

    public Task CloseAsync()
    {
        _closing = true;
        return SendFrameAsync(true, 8, [3, 232]);
    }

    /// <summary>Sends one frame.</summary>
    public async Task SendFrameAsync(bool final, int opcode, byte[] payload)
    {
        var frame = Frame(final, opcode, payload, (uint)Random.Shared.Next());
        await _writing.WaitAsync();
        try
        {
            await _stream.WriteAsync(frame);
        }
        finally
        {
            _writing.Release();
        }
    }

    /// <summary>Sends a ping.</summary>
    public Task PingAsync(byte[] payload)
    {
        lock (_pings) _pings.Enqueue(payload);
        return SendFrameAsync(true, 9, payload);
    }

    /// <summary>Sends bytes as they are.</summary>
    public async Task SendRawAsync(ReadOnlyMemory<byte> bytes) => await _stream.WriteAsync(bytes);

    /// <summary>Reads to the end, without a frame.</summary>
    /// <returns>What came.</returns>
    public async Task<byte[]> ReadToEndAsync()
    {
        var rest = new MemoryStream();
        await _stream.CopyToAsync(rest).WaitAsync(Limits.Step);
        return rest.ToArray();
    }

    public void Dispose() => _stream.Dispose();

    /// <summary>A frame as a client sends it.</summary>
    internal static byte[] Frame(bool final, int opcode, ReadOnlySpan<byte> payload, uint mask)
    {
        var bytes = new List<byte> { (byte)((final ? 0x80 : 0) | opcode) };
        Span<byte> length = stackalloc byte[8];
        switch (payload.Length)
        {
            case < 126: bytes.Add((byte)(0x80 | payload.Length)); break;
            case <= ushort.MaxValue:
                BinaryPrimitives.WriteUInt16BigEndian(length, (ushort)payload.Length);
                bytes.Add(0x80 | 126);
                bytes.AddRange(length[..2]);
                break;
            default:
                BinaryPrimitives.WriteUInt64BigEndian(length, (ulong)payload.Length);
                bytes.Add(0x80 | 127);
                bytes.AddRange(length);
                break;
        }

        Span<byte> key = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(key, mask);
        bytes.AddRange(key);
        var masked = payload.ToArray();
        for (var i = 0; i < masked.Length; i++) masked[i] ^= key[i & 3];
        bytes.AddRange(masked);
        return [.. bytes];
    }

    private void AddFrame(List<byte> bytes, bool final, int opcode, ReadOnlySpan<byte> payload) =>
        bytes.AddRange(Frame(final, opcode, payload, (uint)_random.Next()));

    private void AddPing(List<byte> bytes)
    {
        var payload = new byte[_random.Next(126)];
        _random.NextBytes(payload);
        lock (_pings) _pings.Enqueue(payload);
        AddFrame(bytes, true, 9, payload);
    }

    private void HearPong(byte[] payload)
    {
        lock (_pings)
        {
            if (payload.Length == 0 && (_pings.Count == 0 || _pings.Peek().Length > 0)) return; // the server's own, to keep proxies awake
            if (!_pings.TryDequeue(out var ping) || !ping.AsSpan().SequenceEqual(payload))
                throw new IOException("The server answered a ping that was not sent, or not in order.");
        }

        Pongs++;
    }

    private async Task WriteAsync(byte[] bytes)
    {
        await _writing.WaitAsync();
        try
        {
            for (var start = 0; start < bytes.Length;)
            {
                var size = !_cuts || _random.Next(3) == 0 ? bytes.Length - start
                    : Math.Min(bytes.Length - start, 1 + _random.Next(Math.Min(bytes.Length, 1 << _random.Next(14))));
                await _stream.WriteAsync(bytes.AsMemory(start, size)).AsTask().WaitAsync(Limits.Step);
                start += size;
                if (_cuts && _random.Next(8) == 0) await Task.Yield();
            }
        }
        finally
        {
            _writing.Release();
        }
    }

    private async Task<(bool Final, int Opcode, byte[] Payload)> ReadFrameAsync()
    {
        var header = new byte[2];
        await ReadAsync(header);
        ulong length = header[1];
        if (length > 127) throw new IOException("The server sent a masked frame.");
        if (length >= 126)
        {
            var extended = new byte[length == 126 ? 2 : 8];
            await ReadAsync(extended);
            length = length == 126 ? BinaryPrimitives.ReadUInt16BigEndian(extended) : BinaryPrimitives.ReadUInt64BigEndian(extended);
        }

        if ((header[0] & 0x70) != 0 || length > 16 * 1024 * 1024) throw new IOException("The server sent what is no frame.");
        var payload = new byte[length];
        await ReadAsync(payload);
        return ((header[0] & 0x80) != 0, header[0] & 15, payload);
    }

    // The server ends the connection first (RFC 6455, section 7.1.1). A client that is faster looks to a proxy like one that has gone away
    // while its backend still speaks: an error.
    private async Task WaitForEndAsync()
    {
        using var limit = new CancellationTokenSource(EndTimeout);
        var rest = new byte[1024];
        try
        {
            while (await _stream.ReadAsync(rest, limit.Token) > 0)
            {
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or OperationCanceledException)
        {
            // Both have closed: nothing is lost by it.
        }
    }

    private async Task ReadAsync(byte[] buffer)
    {
        try
        {
            await _stream.ReadExactlyAsync(buffer).AsTask().WaitAsync(Limits.Step);
        }
        catch (EndOfStreamException e)
        {
            throw new IOException("The connection ended without a Close.", e);
        }
    }

    private async Task<string> ReadHeadAsync()
    {
        var head = new StringBuilder();
        var one = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            await ReadAsync(one);
            head.Append((char)one[0]);
        }

        return head.ToString();
    }
}
