using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Ips.Testing.Load;

/// <summary>A raw-socket server with the load's endpoints that commits one fault, to show that the strict client catches it. Says
/// generation 1.</summary>
internal sealed class MisbehavingServer : IAsyncDisposable
{
    private readonly Misbehaviour _fault;
    private readonly int _goodRequests;
    private readonly TimeSpan _delay;
    private readonly Socket _listener;
    private readonly string? _unixPath;
    private readonly CancellationTokenSource _end = new();
    private readonly Task _accepting;
    private long _committed;

    private MisbehavingServer(Misbehaviour fault, int goodRequests, TimeSpan delay, EndPoint endPoint)
    {
        (_fault, _goodRequests, _delay) = (fault, goodRequests, delay);
        _unixPath = (endPoint as UnixDomainSocketEndPoint)?.ToString();
        _listener = new Socket(endPoint.AddressFamily, SocketType.Stream, _unixPath is null ? ProtocolType.Tcp : ProtocolType.Unspecified);
        _listener.Bind(endPoint);
        Target = _unixPath is null ? LoadTarget.Tcp((IPEndPoint)_listener.LocalEndPoint!) : LoadTarget.Unix(_unixPath);
        // Bound without listening, the port stays ours and refuses.
        if (fault == Misbehaviour.Refuse)
        {
            _accepting = Task.CompletedTask;
            return;
        }

        _listener.Listen(512);
        _accepting = AcceptAsync();
    }

    /// <summary>Where it listens.</summary>
    public LoadTarget Target { get; }

    /// <summary>How often the fault was committed; for <see cref="Misbehaviour.Refuse"/> always 0, as nobody sees those.</summary>
    public long Committed => Interlocked.Read(ref _committed);

    /// <summary>Starts on a port of 127.0.0.1 that the system picks, or where told.</summary>
    /// <param name="fault">What it does.</param>
    /// <param name="goodRequests">Requests of each connection that are answered well before one is spoilt.</param>
    /// <param name="delay">For the faults after a response: how long after it. Default none.</param>
    /// <param name="endPoint">Where to listen; null for 127.0.0.1, port 0.</param>
    public static MisbehavingServer Start(Misbehaviour fault, int goodRequests = 0, TimeSpan delay = default, EndPoint? endPoint = null) =>
        new(fault, goodRequests, delay, endPoint ?? new IPEndPoint(IPAddress.Loopback, 0));

    /// <summary>Closes every socket and ends.</summary>
    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _accepting;
        _listener.Dispose();
        if (_unixPath is not null) File.Delete(_unixPath);
        _end.Dispose();
    }

    private async Task AcceptAsync()
    {
        List<Task> connections = [];
        try
        {
            while (true)
            {
                var socket = await _listener.AcceptAsync(_end.Token);
                connections.RemoveAll(connection => connection.IsCompletedSuccessfully);
                connections.Add(ServeAsync(socket));
            }
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(connections);
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        using (socket)
        {
            try
            {
                var request = new MisbehavingServerRequest(socket);
                for (var number = 1; await request.ReadAsync(HalfOfBody(number), _end.Token); number++)
                {
                    if (!await AnswerAsync(socket, request, number > _goodRequests ? _fault : Misbehaviour.None)) return;
                }
            }
            catch (OperationCanceledException)
            {
                // The server ends.
            }
            catch (SocketException e) when (e.SocketErrorCode is SocketError.ConnectionReset or SocketError.Shutdown
                or SocketError.ConnectionAborted)
            {
                // The client left first, as it may.
            }
        }
    }

    private bool HalfOfBody(int number) => _fault == Misbehaviour.RejectBody && number > _goodRequests;

    /// <returns>False if the connection is over.</returns>
    private async Task<bool> AnswerAsync(Socket socket, MisbehavingServerRequest request, Misbehaviour fault)
    {
        var body = request.Answer();
        var good = Response("200 OK", body);
        if (fault != Misbehaviour.None) Interlocked.Increment(ref _committed);
        switch (fault)
        {
            case Misbehaviour.None:
                await SendAsync(socket, good);
                return true;
            case Misbehaviour.ResetBeforeResponse:
                Reset(socket);
                return false;
            case Misbehaviour.ResetInsideResponse:
                await SendAsync(socket, good.AsMemory(0, good.Length / 2));
                Reset(socket);
                return false;
            case Misbehaviour.CloseBeforeResponse:
                await CloseAsync(socket);
                return false;
            case Misbehaviour.CutContentLength:
                await SendAsync(socket, good.AsMemory(0, good.Length - (body.Length / 2)));
                await CloseAsync(socket);
                return false;
            case Misbehaviour.CutChunked:
                await SendAsync(socket, WithoutLastChunk(body));
                await CloseAsync(socket);
                return false;
            case Misbehaviour.WrongStatus:
                await SendAsync(socket, Response("503 Service Unavailable", "not now"u8));
                return true;
            case Misbehaviour.WrongLength:
                await SendAsync(socket, Response("200 OK", [.. body, (byte)'!']));
                return true;
            case Misbehaviour.WrongBody:
                body[^1] ^= 1;
                await SendAsync(socket, Response("200 OK", body));
                return true;
            case Misbehaviour.NeverAnswer:
                await DrainAsync(socket);
                return false;
            case Misbehaviour.ExtraBytes:
                await SendAsync(socket, (byte[])[.. good, .. "extra"u8]);
                return true;
            case Misbehaviour.UnaskedBytes:
                await SendAsync(socket, good);
                await Task.Delay(_delay, _end.Token);
                await SendAsync(socket, good);
                return true;
            case Misbehaviour.Garbage:
                await SendAsync(socket, "SSH-2.0-OpenSSH_9.2"u8.ToArray());
                return true;
            case Misbehaviour.CloseUntold:
                await SendAsync(socket, good);
                await Task.Delay(_delay, _end.Token);
                await CloseAsync(socket);
                return false;
            case Misbehaviour.ResetUntold:
                await SendAsync(socket, good);
                await Task.Delay(_delay, _end.Token);
                Reset(socket);
                return false;
            case Misbehaviour.ClosePolitely:
                await SendAsync(socket, Response("200 OK", body, "Connection: close\r\n"));
                await CloseAsync(socket);
                return false;
            case Misbehaviour.RejectBody:
                await SendAsync(socket, Response("413 Content Too Large", "too large"u8, "Connection: close\r\n"));
                await CloseAsync(socket);
                return false;
            default:
                throw new InvalidOperationException($"{fault} is not a way to answer.");
        }
    }

    private static byte[] Response(string status, ReadOnlySpan<byte> body, string headers = "") =>
        [.. Encoding.ASCII.GetBytes($"HTTP/1.1 {status}\r\nX-Ips-Generation: 1\r\nContent-Length: {body.Length}\r\n{headers}\r\n"),
            .. body];

    private static byte[] WithoutLastChunk(ReadOnlySpan<byte> body)
    {
        var head = "HTTP/1.1 200 OK\r\nX-Ips-Generation: 1\r\nTransfer-Encoding: chunked\r\n\r\n";
        return [.. Encoding.ASCII.GetBytes($"{head}{body.Length:X}\r\n"), .. body, .. "\r\n"u8];
    }

    private async Task SendAsync(Socket socket, ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty) bytes = bytes[await socket.SendAsync(bytes, SocketFlags.None, _end.Token)..];
    }

    /// <summary>A FIN, and reading on until the client leaves: a close with unread bytes would send a RST instead.</summary>
    private async Task CloseAsync(Socket socket)
    {
        socket.Shutdown(SocketShutdown.Send);
        await DrainAsync(socket);
    }

    private async Task DrainAsync(Socket socket)
    {
        var nowhere = new byte[4096];
        while (await socket.ReceiveAsync(nowhere, SocketFlags.None, _end.Token) > 0)
        {
        }
    }

    private static void Reset(Socket socket)
    {
        socket.LingerState = new LingerOption(enable: true, seconds: 0);
        socket.Close();
    }
}
