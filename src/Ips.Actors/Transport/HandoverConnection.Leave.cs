using System.Net.Sockets;
using Microsoft.AspNetCore.Connections.Features;

namespace Ips.Actors.Transport;

/// <summary>The polite close of a connection that cannot move.</summary>
internal sealed partial class HandoverConnection
{
    private const int DiscardBytes = 16 * 1024;

    private TaskCompletionSource? _lingerOver; // made by whoever asks first: hardly a connection lingers
    private StreamHold? _streams;
    private IConnectionLifetimeNotificationFeature? _notification;
    private TimeSpan _grace;
    private volatile bool _closeTold;
    private volatile bool _closeRequested;
    private volatile bool _tls;

    /// <summary>The streams, of a connection that speaks HTTP/2; null before its first request.</summary>
    internal StreamHold? Streams => Volatile.Read(ref _streams);

    /// <summary>Whether the client has sent what the server has not received yet.</summary>
    internal bool HasUnread
    {
        get
        {
            try
            {
                return _socket.Available > 0;
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                return false; // it has ended
            }
        }
    }

    /// <summary>Kestrel ends the connection when no request runs on it. HTTP/2: GOAWAY(2^31-1) now if a stream runs, the final one after
    /// the last.</summary>
    internal void RequestClose()
    {
        _closeRequested = true;
        Interlocked.MemoryBarrier(); // Kestrel may be about to take the connection: one of both sees the other
        Request(Volatile.Read(ref _notification));
    }

    /// <summary>Kestrel has taken the connection.</summary>
    private void NoteNotification(IConnectionLifetimeNotificationFeature? notification)
    {
        Volatile.Write(ref _notification, notification);
        Interlocked.MemoryBarrier();
        if (_closeRequested) Request(notification);
    }

    private void Request(IConnectionLifetimeNotificationFeature? notification)
    {
        try
        {
            notification?.RequestClose();
        }
        catch (AggregateException e)
        {
            _logger.ClosedCallbackFailed(e, ConnectionId); // the app's own callback: the other connections are closed all the same
        }
    }

    /// <summary>
    /// The client knows, or is about to be told by the current response. At its end the connection then sends its FIN, reads and drops what
    /// the client had sent before it knew, and waits for the client's own FIN: a socket closed over unread bytes would reset the
    /// connection.
    /// </summary>
    /// <param name="grace">How long the client's FIN is waited for.</param>
    internal void TellClose(TimeSpan grace)
    {
        _grace = grace;
        _closeTold = true;
    }

    /// <summary>The client's FIN is waited for no longer.</summary>
    internal void EndLinger() => LingerOver().TrySetResult();

    /// <summary>The connection speaks HTTP/2. Called with each of its requests, before the app.</summary>
    private void NoteStreams()
    {
        if (Volatile.Read(ref _streams) is null) Interlocked.CompareExchange(ref _streams, new StreamHold(), null);
    }

    /// <summary>Called by the send loop when everything is sent.</summary>
    private async Task LingerAsync()
    {
        lock (_gate)
        {
            if (_shutdownReason is not null) return;
            try
            {
                _socket.Shutdown(SocketShutdown.Send);
            }
            catch (SocketException)
            {
                return; // the client was faster: it is gone
            }
        }

        _input.Writer.CancelPendingFlush(); // a reader that is gone, or reads no more
        using var grace = new CancellationTokenSource(_grace);
        await Task.WhenAny(_receiving, LingerOver().Task.WaitAsync(grace.Token)).ConfigureAwait(false);
    }

    private TaskCompletionSource LingerOver()
    {
        if (Volatile.Read(ref _lingerOver) is { } over) return over;
        Interlocked.CompareExchange(ref _lingerOver, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously), null);
        return _lingerOver;
    }

    /// <summary>Called by the receive loop once nobody reads: takes what still comes, to the client's FIN.</summary>
    private async Task DiscardAsync()
    {
        var buffer = System.Buffers.ArrayPool<byte>.Shared.Rent(DiscardBytes);
        try
        {
            while (_shutdownReason is null && await _socket.ReceiveAsync(buffer, SocketFlags.None) > 0)
            {
            }
        }
        finally
        {
            System.Buffers.ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
