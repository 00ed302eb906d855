using System.Buffers;
using System.Net.WebSockets;
using System.Runtime.CompilerServices;
using System.Text;
using Ips.Actors.Handover;

namespace Ips.Actors.WebSockets;

/// <summary>
/// A WebSocket that outlives the process that serves it. When this generation hands over, <see cref="ReadMessagesAsync"/> ends between two
/// messages; the app then passes what it keeps of the client to <see cref="HandOverAsync"/>. The next generation runs the same endpoint,
/// with <see cref="IsResumed"/>. The client notices nothing.
/// </summary>
/// <remarks>
/// One loop reads. Any number of tasks may send at once. In the next generation the request is made anew, with the headers of the first
/// one: routing, authentication and authorization run again. If they refuse it, if somebody else is authenticated, or if the app does not
/// agree to the same subprotocol and compression, the client gets Close 1012 (service restart).
/// </remarks>
#pragma warning disable CA1001 // the semaphore has no wait handle, and the WebSocket is the endpoint's
public sealed class ResumableWebSocket
#pragma warning restore CA1001
{
    /// <summary>1012, service restart: clients connect anew.</summary>
    internal const WebSocketCloseStatus ServiceRestart = (WebSocketCloseStatus)1012;

    private readonly WebSocket _socket;
    private readonly ResumableSession? _session; // null where the connection cannot move: HTTP/2, or without AddIps()
    private readonly UpgradeState? _state;
    private readonly int _maxMessageBytes;
    private readonly SemaphoreSlim _sending = new(1, 1);
    private readonly byte[] _buffer = new byte[4096];
    private readonly Action<string> _refused;
    private Task<ValueWebSocketReceiveResult>? _receive;
    private bool _fragmented;
    private bool _handedOver;

    internal ResumableWebSocket(WebSocket socket, ResumableSession? session, UpgradeState? state, long maxStateBytes, int maxMessageBytes,
        Action<string> refused) =>
        (_socket, _session, _state, MaxStateBytes, _maxMessageBytes, _refused) =
            (socket, session, state, maxStateBytes, maxMessageBytes, refused);

    /// <summary>Gets whether another generation has served this client before.</summary>
    public bool IsResumed => _state is not null;

    /// <summary>Gets what the generation before has handed over; empty if <see cref="IsResumed"/> is false.</summary>
    public ReadOnlyMemory<byte> State => _state?.Bytes ?? [];

    /// <summary>Gets the version of <see cref="State"/>, as the generation before has given it. If this release cannot read it, call
    /// <see cref="RefuseAsync"/>.</summary>
    public int StateVersion => _state?.Version ?? 0;

    /// <summary>Gets the size of a state at most, in bytes: <c>ips.websockets.max-state</c>.</summary>
    public long MaxStateBytes { get; }

    /// <summary>Gets the subprotocol that was agreed with the client; null for none.</summary>
    public string? SubProtocol => _socket.SubProtocol;

    /// <summary>Gets whether <see cref="ReadMessagesAsync"/> has ended because this generation leaves: now the app hands over.</summary>
    public bool IsLeaving => _session is { IsLeaving: true, Stream.AtBoundary.IsCompleted: true };

    internal bool HasLeft { get; private set; }

    internal bool IsLost { get; private set; }

    /// <summary>Reads the client's messages, until the client closes, is gone, or this generation leaves.</summary>
    /// <param name="cancellationToken">Ends the WebSocket. <c>HttpContext.RequestAborted</c> does not fire when the client moves.</param>
    /// <returns>The messages. The bytes of one are valid until the next is asked for.</returns>
    /// <exception cref="WebSocketException">The client has broken the protocol.</exception>
    public async IAsyncEnumerable<ResumableMessage> ReadMessagesAsync(
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var message = new ArrayBufferWriter<byte>();
        while (true)
        {
            message.ResetWrittenCount();
            WebSocketMessageType type;
            while (true)
            {
                if (await ReceiveAsync(cancellationToken).ConfigureAwait(false) is not { } received) yield break;
                if (received.MessageType is WebSocketMessageType.Close)
                {
                    await AnswerCloseAsync(cancellationToken).ConfigureAwait(false);
                    yield break;
                }

                if (message.WrittenCount + received.Count > _maxMessageBytes)
                {
                    await CloseAsync(WebSocketCloseStatus.MessageTooBig, null, cancellationToken).ConfigureAwait(false);
                    yield break;
                }

                message.Write(_buffer.AsSpan(0, received.Count));
                type = received.MessageType;
                if (received.EndOfMessage) break;
            }

            yield return new ResumableMessage(type, message.WrittenMemory);
        }
    }

    /// <summary>Sends a message, or a part of one. Works until <see cref="HandOverAsync"/> returns.</summary>
    /// <param name="data">The bytes.</param>
    /// <param name="type">Text (UTF-8) or binary.</param>
    /// <param name="endOfMessage">False for all parts of a message but the last. No other task may send between the parts, and nothing can
    /// be handed over.</param>
    /// <param name="cancellationToken">Ends the WebSocket if the send is under way.</param>
    /// <returns>Completes when the bytes are handed to the server.</returns>
    /// <exception cref="WebSocketException">The WebSocket is closed, or was handed over.</exception>
    public async Task SendAsync(ReadOnlyMemory<byte> data, WebSocketMessageType type, bool endOfMessage = true,
        CancellationToken cancellationToken = default)
    {
        await _sending.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (_handedOver) throw new WebSocketException(WebSocketError.InvalidState, "The WebSocket was handed over to another process.");
            _fragmented = !endOfMessage;
            await _socket.SendAsync(data, type, endOfMessage, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _sending.Release();
        }
    }

    /// <summary>Sends a text message.</summary>
    /// <param name="text">The text.</param>
    /// <param name="cancellationToken">Ends the WebSocket if the send is under way.</param>
    /// <returns>Completes when the bytes are handed to the server.</returns>
    /// <exception cref="WebSocketException">The WebSocket is closed, or was handed over.</exception>
    public Task SendTextAsync(string text, CancellationToken cancellationToken = default) =>
        SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text, true, cancellationToken);

    /// <summary>Hands the client over to the next generation. Call it when <see cref="ReadMessagesAsync"/> has ended; then return from the
    /// endpoint.</summary>
    /// <param name="state">What the next generation needs to know of the client, at most <see cref="MaxStateBytes"/>. It travels in memory
    /// only.</param>
    /// <param name="version">The form of <paramref name="state"/>, as the app counts it.</param>
    /// <returns>True if the client has left this process; false if it has not, because the generation does not leave, or the WebSocket is
    /// closed: Ips then closes it when the endpoint returns.</returns>
    /// <exception cref="ArgumentException"><paramref name="state"/> is larger than <see cref="MaxStateBytes"/>.</exception>
    /// <exception cref="InvalidOperationException">A message was sent in part.</exception>
    public async Task<bool> HandOverAsync(ReadOnlyMemory<byte> state, int version = 0)
    {
        if (state.Length > MaxStateBytes)
        {
            throw new ArgumentException($"The state has {state.Length} bytes; it must have at most {MaxStateBytes} "
                + "(ips.websockets.max-state).", nameof(state));
        }

        if (!IsLeaving) return false;
        await _sending.WaitAsync().ConfigureAwait(false);
        try
        {
            if (_fragmented) throw new InvalidOperationException("A message was sent in part: send the rest of it before the hand-over.");
            var kept = new UpgradeState(version, state.ToArray());
            if (await _session!.HandOverAsync(kept).ConfigureAwait(false) is not { } left) return false;
            (HasLeft, IsLost, _handedOver) = (left, !left, left);
            return left;
        }
        finally
        {
            _sending.Release();
        }
    }

    /// <summary>Closes a resumed WebSocket with 1012 (service restart), because this release cannot read <see cref="State"/>.</summary>
    /// <param name="cancellationToken">Ends the wait for the client's answer.</param>
    /// <returns>Completes when the client has answered.</returns>
    public Task RefuseAsync(CancellationToken cancellationToken = default)
    {
        _refused("state");
        return CloseAsync(ServiceRestart, null, cancellationToken);
    }

    /// <summary>Closes the WebSocket.</summary>
    /// <param name="status">Why.</param>
    /// <param name="description">The same in words, for the client; at most 123 bytes.</param>
    /// <param name="cancellationToken">Ends the wait for the client's answer.</param>
    /// <returns>Completes when the client has answered, or is gone.</returns>
    public async Task CloseAsync(WebSocketCloseStatus status, string? description = null, CancellationToken cancellationToken = default)
    {
        try
        {
            if (_socket.State is WebSocketState.CloseReceived) await _socket.CloseOutputAsync(status, description, cancellationToken)
                .ConfigureAwait(false);
            else if (_socket.State is WebSocketState.Open) await _socket.CloseAsync(status, description, cancellationToken)
                .ConfigureAwait(false);
        }
        catch (WebSocketException)
        {
            // The client is gone: there is nobody to close with.
        }
    }

    /// <summary>The connection has left: what waits for the client ends.</summary>
    internal async Task LetGoAsync()
    {
        // In this order: a read that ends while the WebSocket is open aborts it, and with it the request.
        _socket.Dispose();
        _session!.Stream.EndReads();
        if (_receive is { } receive) await ((Task)receive).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    // Null: the client is gone, or the generation leaves and the read stays pending.
    private async Task<ValueWebSocketReceiveResult?> ReceiveAsync(CancellationToken cancellationToken)
    {
        _receive ??= _socket.ReceiveAsync(_buffer.AsMemory(), cancellationToken).AsTask();
        if (_session is { } session && !_receive.IsCompleted
            && await Task.WhenAny(_receive, session.Stream.AtBoundary).ConfigureAwait(false) != _receive) return null;
        try
        {
            var received = await _receive.ConfigureAwait(false);
            _receive = null;
            return received;
        }
        catch (WebSocketException e) when (e.WebSocketErrorCode is WebSocketError.ConnectionClosedPrematurely)
        {
            return null;
        }
    }

    private async Task AnswerCloseAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (_socket.State is WebSocketState.CloseReceived)
                await _socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, cancellationToken).ConfigureAwait(false);
        }
        catch (WebSocketException)
        {
            // The client did not wait for the answer.
        }
    }
}
