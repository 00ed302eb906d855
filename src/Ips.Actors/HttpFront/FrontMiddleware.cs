using Ips.Actors.Configuration;
using Ips.Actors.Launch;
using Ips.Actors.Transport;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace Ips.Actors.HttpFront;

/// <summary>First in every app: counts requests on their connection, and closes connections politely while draining.</summary>
[SupportedOSPlatform("linux")]
internal sealed class FrontMiddleware
{
    private readonly RequestDelegate _next;
    private readonly FrontState _state;
    private readonly PoliteClose _close;
    private readonly string? _generationHeader;
    private readonly Func<object, Task> _onStarting, _onCompleted; // made once, not with each request

    public FrontMiddleware(RequestDelegate next, FrontState state, PoliteClose close, GenerationContext generation,
        IOptions<IpsOptions> options)
    {
        (_next, _state, _close, _onStarting, _onCompleted) = (next, state, close, OnStarting, OnCompleted);
        _generationHeader = options.Value.GenerationHeader ? generation.Number.ToString(System.Globalization.CultureInfo.InvariantCulture)
            : null;
    }

    /// <summary>Serves one request.</summary>
    public Task InvokeAsync(HttpContext context)
    {
        var connection = HandoverConnection.Of(context.Features);
        connection?.RequestStarted(context.Features);
        if (_generationHeader is not null)
        {
            context.Response.Headers["X-Ips-Generation"] = _generationHeader;
        }

        // Callbacks of OnStarting run newest first, so ours, registered first, sees the headers as they go out.
        context.Response.OnStarting(_onStarting, context);
        MeteredRequest? metered = null;
        if (connection is not { IsWarmup: true })
        {
            metered = _state.Windows?.Begin(context, connection);
            context.Response.OnCompleted(_onCompleted, (object?)metered ?? context); // counts it
        }

        WebSocketFarewell.Watch(context, _close);
        return metered is null ? ServeAsync(context, connection) : ServeMeteredAsync(context, connection, metered);
    }

    private Task ServeAsync(HttpContext context, HandoverConnection? connection) =>
        connection?.Streams is { } streams ? _close.ServeStreamAsync(context, connection, streams, _next) : _next(context);

    private Task ServeMeteredAsync(HttpContext context, HandoverConnection? connection, MeteredRequest metered)
    {
        try
        {
            var serving = ServeAsync(context, connection);
            return serving.IsCompletedSuccessfully ? serving : AwaitMeteredAsync(serving, metered); // most end at once
        }
        catch (Exception e) when (metered.Note(e))
        {
            throw;
        }
    }

    private static async Task AwaitMeteredAsync(Task serving, MeteredRequest metered)
    {
        try
        {
            await serving;
        }
        catch (Exception e) when (metered.Note(e))
        {
            throw;
        }
    }

    // Decided at the last moment: a response that goes out after the drain began must say so, whenever its request came.
    private Task OnStarting(object state)
    {
        var context = (HttpContext)state;
        if (!_state.Accepts() && !_state.Ending && HubFarewell.IsNegotiated(context)) SendOn(context);
        if (_state.Draining)
        {
            var connection = HandoverConnection.Of(context.Features);
            if (connection is { IsWarmup: true } || _state.Move.Moving && connection is { MayMove: true })
            {
                return Task.CompletedTask; // it ends, or leaves, as soon as this response is sent
            }

            if (!HttpProtocol.IsHttp11(context.Request.Protocol) && !HttpProtocol.IsHttp10(context.Request.Protocol))
            {
                if (connection is null) // a transport of the app's own: no stream of it is known to be held
                {
                    context.Features.Get<IConnectionLifetimeNotificationFeature>()?.RequestClose(); // GOAWAY
                    _close.Tell(context.Connection.Id, connection);
                }
            }
            else if (context.Response.StatusCode != StatusCodes.Status101SwitchingProtocols)
            {
                context.Response.Headers.Connection = "close";
                _close.Tell(context.Connection.Id, connection);
            }
        }

        return Task.CompletedTask;
    }

    // A client of SignalR negotiates, and then connects anew: with a generation that knows nothing of what was negotiated here.
    private void SendOn(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status307TemporaryRedirect;
        var path = context.Request.Path.Value ?? "";
        // relative: the same place again, also behind a proxy
        context.Response.Headers.Location = $"{path[(path.LastIndexOf('/') + 1)..]}{context.Request.QueryString}";
        if (_state.Draining) return; // handled below: the connection is closed, or moves
        var connection = HandoverConnection.Of(context.Features);
        if (connection is { Streams: { } streams })
        {
            _close.AnnounceOn(connection, streams);
        }
        else
        {
            context.Response.Headers.Connection = "close";
            _close.Tell(context.Connection.Id, connection);
        }
    }

    private Task OnCompleted(object state)
    {
        var metered = state as MeteredRequest;
        var context = metered?.Context ?? (HttpContext)state;
        var status = context.Response.StatusCode;
        var excused = status >= 500 && context.Features.Get<ExcusedError>() is not null;
        _state.Answered(status, excused);
        var failed = status >= 500 && !excused;
        if (metered is not null) _state.Windows!.Ended(metered, failed);
        else if (failed) _state.Windows?.Failed(context);
        return Task.CompletedTask;
    }
}
