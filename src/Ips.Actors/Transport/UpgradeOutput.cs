using System.Buffers;
using System.Net.Sockets;
using Ips.Actors.Handover;

namespace Ips.Actors.Transport;

/// <summary>
/// The way out of an upgraded connection that can move. It can be stopped at any byte: what is not sent by then travels with the socket. In
/// a replay it keeps the app's answer back from the client, which has had one.
/// </summary>
/// <remarks>Used by the send loop alone, but for <see cref="Stop"/>.</remarks>
#pragma warning disable CA1001 // the token source has no timer, and nothing to dispose of
internal sealed class UpgradeOutput(Socket socket)
#pragma warning restore CA1001
{
    private const int LongestHead = 64 * 1024, RestBytes = 16 * 1024;

    // FIN and Close, 2 bytes of payload, unmasked as a server's: 1012 (service restart).
    private static readonly byte[] s_serviceRestart = [0x88, 0x02, 0x03, 0xF4];

    private readonly CancellationTokenSource _stop = new();
    private readonly ArrayBufferWriter<byte> _unsent = new();
    private ArrayBufferWriter<byte>? _head;
    private UpgradeReplay? _replay;
    private bool _refused;

    /// <summary>What was not sent. Read when the send loop has ended.</summary>
    public ReadOnlyMemory<byte> Unsent => _unsent.WrittenMemory;

    /// <summary>Whether the close of a replay that was refused is sent.</summary>
    public bool Refused => _refused;

    /// <summary>Sends nothing from now on.</summary>
    public void Stop() => _stop.Cancel();

    /// <summary>What comes first is the answer to a replay.</summary>
    public void Await(UpgradeReplay replay) => (_replay, _head) = (replay, new ArrayBufferWriter<byte>());

    /// <summary>Sends, or keeps, all of a buffer.</summary>
    public async ValueTask<SocketError> SendAsync(ReadOnlySequence<byte> buffer)
    {
        foreach (var memory in buffer)
        {
            if (_refused) return SocketError.Success; // what the app says after that is not for this client
            var code = _head is null ? await SendOrKeepAsync(memory, _stop.Token) : await HoldAsync(memory);
            if (code is not SocketError.Success) return code;
        }

        return SocketError.Success;
    }

    /// <summary>The server has ended its output, or is to: a replay without an answer is refused.</summary>
    public async ValueTask<SocketError> EndAsync()
    {
        if (_head is null) return SocketError.Success;
        _replay!.Blame("no-answer");
        return await RefuseAsync();
    }

    private async ValueTask<SocketError> HoldAsync(ReadOnlyMemory<byte> memory)
    {
        var head = _head!;
        head.Write(memory.Span);
        var end = UpgradeHeadParser.EndOf(head.WrittenSpan);
        if (end < 0 && head.WrittenCount <= LongestHead) return SocketError.Success;

        if ((end < 0 ? "no-answer" : _replay!.Reason ?? Fault(head.WrittenSpan[..end])) is { } fault)
        {
            _replay!.Blame(fault);
            return await RefuseAsync();
        }

        var (unsent, rest) = (_replay!.Parcel.Unsent, head.WrittenMemory[end..]);
        _head = null;
        _replay.Decide(true);
        var sent = await SendOrKeepAsync(unsent, _stop.Token);
        _replay.Deliver();
        return sent is SocketError.Success ? await SendOrKeepAsync(rest, _stop.Token) : sent;
    }

    private string? Fault(ReadOnlySpan<byte> head) => UpgradeHeadParser.Read(head, out var answer) switch
    {
        101 => UpgradeHeadParser.Difference(_replay!.Parcel.Answer, answer),
        var status => FormattableString.Invariant($"status-{status}"),
    };

    // What was sent before ends with a whole frame; of a tunnel only with what its backend has sent of the current one.
    private async ValueTask<SocketError> RefuseAsync()
    {
        (_head, _refused) = (null, true);
        using var limit = new CancellationTokenSource(UpgradeReplay.Timeout); // a client that does not read
        var code = await SendOrKeepAsync(_replay!.Parcel.Unsent, limit.Token);
        if (code is SocketError.Success && await EndsWithFrameAsync(limit.Token))
            code = await SendOrKeepAsync(s_serviceRestart, limit.Token);
        _replay.Decide(false);
        return code;
    }

    // Of a tunnel the backend is asked for the rest of a frame that has begun: a Close in the middle of it would be a part of it.
    private async ValueTask<bool> EndsWithFrameAsync(CancellationToken stop)
    {
        if (_replay!.Parcel is not { Backend: >= 0 } parcel) return !stop.IsCancellationRequested;
        if (TunnelState.TryDecode(parcel.State)?.Frames is not { } position || WebSocketFrameParser.From(position) is not { } frames)
            return false;
        if (_replay.TakeBackend() is not (>= 0 and var descriptor)) return frames.AtFrameEnd && !stop.IsCancellationRequested;
        using var backend = new Socket(new SafeSocketHandle(descriptor, ownsHandle: true));
        try
        {
            var buffer = new byte[RestBytes];
            while (!frames.AtFrameEnd && !stop.IsCancellationRequested)
            {
                var count = await backend.ReceiveAsync(buffer, SocketFlags.None, stop);
                if (count == 0) return false;
                var rest = frames.FeedFrame(buffer.AsSpan(0, count));
                if (await SendOrKeepAsync(buffer.AsMemory(0, rest), stop) is not SocketError.Success) return false;
            }
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            return false; // the client sees the connection end
        }

        return !frames.ClosingSeen && !stop.IsCancellationRequested;
    }

    private async ValueTask<SocketError> SendOrKeepAsync(ReadOnlyMemory<byte> memory, CancellationToken stop)
    {
        var (sent, code) = await ExactSend.SendAsync(socket, memory, stop);
        if (code is SocketError.Success) _unsent.Write(memory.Span[sent..]);
        return code;
    }
}
