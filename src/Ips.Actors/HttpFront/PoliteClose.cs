using Ips.Actors.Configuration;
using Ips.Actors.Diagnostics;
using Ips.Actors.Handover;
using Ips.Actors.Transport;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Ips.Actors.HttpFront;

/// <summary>How connections that cannot move take leave of their clients, each in the way of its protocol.</summary>
[SupportedOSPlatform("linux")]
internal sealed class PoliteClose
{
    private const string Stop = "stop"; // nobody takes the connections

    /// <summary>How long a client's own end is waited for when the service ends: a stop must not take longer than without Ips.</summary>
    private static readonly TimeSpan ShortGrace = TimeSpan.FromMilliseconds(250);

    /// <summary>Within this time a request that has arrived is read.</summary>
    private static readonly TimeSpan ReadTime = TimeSpan.FromMilliseconds(50);

    private readonly FrontState _state;
    private readonly ConnectionRegistry _connections;
    private readonly DrainOptions _drain;
    private readonly TimeProvider _time;
    private readonly ILogger _log;

    /// <param name="state">Says when.</param>
    /// <param name="connections">What is open.</param>
    /// <param name="options">For how long.</param>
    /// <param name="loggers">For the log.</param>
    public PoliteClose(FrontState state, ConnectionRegistry connections, IOptions<IpsOptions> options, ActorLoggers loggers)
        : this(state, connections, options.Value.Drain, TimeProvider.System, loggers.Create<PoliteClose>())
    {
    }

    /// <param name="state">Says when.</param>
    /// <param name="connections">What is open.</param>
    /// <param name="drain">For how long.</param>
    /// <param name="time">The clock.</param>
    /// <param name="log">For the log.</param>
    public PoliteClose(FrontState state, ConnectionRegistry connections, DrainOptions drain, TimeProvider time, ILogger log)
    {
        (_state, _connections, _drain, _time, _log) = (state, connections, drain, time, log);
        state.Leaving.Register(OnLeaving);
    }

    /// <summary>How long a hub's client that calls again and again may keep this generation from closing between two calls.</summary>
    public TimeSpan HubPatience => _drain.Timeout / 8;

    /// <summary>Whether what can move is asked to.</summary>
    public bool Moves => _state.Move.Moving && !_state.Ending;

    /// <summary>How long the app of a WebSocket that can move has for handing over.</summary>
    public TimeSpan MovePatience => _drain.GoodbyeLimit;

    /// <summary>A response is about to say so, or a final GOAWAY: counts the connection, and lets it end without a reset.</summary>
    public void Tell(string connectionId, HandoverConnection? connection)
    {
        var grace = _drain.IdleGrace * (1 + (Random.Shared.NextDouble() / 2)); // not all at once
        connection?.TellClose(_state.Ending && grace > ShortGrace ? ShortGrace : grace);
        _state.ToldOfClose(connectionId, ReasonFor(connection));
    }

    /// <summary>Serves one request of an HTTP/2 connection.</summary>
    public async Task ServeStreamAsync(HttpContext context, HandoverConnection connection, StreamHold streams, RequestDelegate next)
    {
        if (streams.Begin(_state.Draining, _time.GetTimestamp())) Announce(connection);
        var answered = false;
        try
        {
            await next(context).ConfigureAwait(false);
            answered = true;
        }
        finally
        {
            if (streams.End() is { } announcedAt)
            {
                // Only the stream's end waits: what the app has answered goes out now. A CONNECT that was accepted has no body, and Kestrel
                // throws if it is flushed.
                if (answered && context.Response.HasStarted && !HttpMethods.IsConnect(context.Request.Method))
                    await context.Response.Body.FlushAsync(CancellationToken.None).ConfigureAwait(false);
                await PauseAsync(announcedAt, context.RequestAborted).ConfigureAwait(false);
                streams.End();
            }
        }
    }

    /// <summary>Has a guest take leave once this generation leaves, at a random moment of the spread.</summary>
    /// <returns>Disposed when the guest is gone.</returns>
    public IDisposable WhenLeaving(IGuest guest)
    {
        _state.Guests.Add();
        var ended = new CancellationTokenSource();
        var registration = _state.Leaving.Register(() => _ = LeaveAsync(guest, ended.Token));
        return new Registration(() =>
        {
            registration.Dispose();
            ended.Cancel();
            ended.Dispose();
            _state.Guests.Remove();
        });
    }

    /// <summary>A token that is cancelled once this generation leaves, at a random moment of the spread.</summary>
    /// <param name="context">The request; after it the token means nothing.</param>
    public CancellationToken LeavingToken(HttpContext context)
    {
        var leaving = new CancellationTokenSource();
        var registration = _state.Leaving.Register(() => leaving.CancelAfter(NextMoment()));
        context.Response.RegisterForDispose(new Registration(() =>
        {
            registration.Dispose();
            leaving.Dispose();
        }));
        return leaving.Token;
    }

    /// <summary>Tells the client of an HTTP/2 connection of the close, if a stream runs and it was not told before.</summary>
    public void AnnounceOn(HandoverConnection connection, StreamHold streams)
    {
        if (streams.TryAnnounce(_time.GetTimestamp())) Announce(connection);
    }

    private string ReasonFor(HandoverConnection? connection) => _state.Ending ? Stop
        : connection is null ? "other-transport" : WireName.Of(connection.StayReason);

    private TimeSpan NextMoment() => _state.Ending ? TimeSpan.Zero : Random.Shared.NextDouble() * _drain.Spread;

    private void OnLeaving()
    {
        AnnounceOnRunningStreams();
        if (_state.Ending) _ = CloseIdleAsync();
    }

    private async Task CloseIdleAsync()
    {
        if (_drain.IdleStop > TimeSpan.Zero) await Task.Delay(_drain.IdleStop, _time).ConfigureAwait(false);
        _connections.CloseIdle(spareUnread: true);
        await Task.Delay(ReadTime, _time).ConfigureAwait(false);
        _connections.CloseIdle(spareUnread: false);
    }

    private void AnnounceOnRunningStreams()
    {
        foreach (var connection in _connections.Connections)
        {
            if (connection.Streams is { } streams) AnnounceOn(connection, streams);
        }
    }

    // GOAWAY(2^31-1): "no new requests, please"; the final one, with the highest id that was taken, follows the end of the last stream.
    private void Announce(HandoverConnection connection)
    {
        Tell(connection.ConnectionId, connection);
        connection.RequestClose();
    }

    private async Task PauseAsync(long announcedAt, CancellationToken aborted)
    {
        var left = _drain.H2Pause - _time.GetElapsedTime(announcedAt);
        if (left > TimeSpan.Zero) await Task.Delay(left, _time, aborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task LeaveAsync(IGuest guest, CancellationToken ended)
    {
        try
        {
            if (!guest.AtOnce) await Task.Delay(NextMoment(), _time, ended).ConfigureAwait(false);
            if (!await guest.LeaveAsync(ended).ConfigureAwait(false)) return;
            _state.ToldOfClose(guest.ConnectionId, _state.Ending ? Stop : WireName.Of(guest.StayReason));
            if (!_state.Ending) return;
            await Task.Delay(_drain.IdleGrace, _time, ended).ConfigureAwait(false);
            guest.Abort();
        }
        catch (OperationCanceledException)
        {
            // The guest is gone: there is nobody to take leave of.
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or InvalidOperationException)
        {
            _log.FarewellFailed(guest.ConnectionId, e.Message); // the connection ended meanwhile
        }
    }

    private sealed class Registration(Action remove) : IDisposable
    {
        private Action? _remove = remove;

        public void Dispose() => Interlocked.Exchange(ref _remove, null)?.Invoke();
    }
}
