using System.Net.Sockets;
using System.Text.Json;
using Akka.Actor;
using Ips.Actors.Posix;
using Ips.Fleet.Agents;
using Ips.Fleet.Cluster;
using Ips.Fleet.Rollouts;
using Ips.Fleet.Wire;
using Ips.Host.Cli;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace Ips.Host.Fleet;

/// <summary>The agent's door for operators: HTTP on a Unix socket, for the agent's own user and root. It passes requests on to the
/// coordinator, with the name of who asked.</summary>
internal sealed class AgentSocket : IAsyncDisposable
{
    private const int OwnerOnly = 0b110_000_000, Backlog = 128, MostConnections = 64, MostBodyBytes = 16 * 1024;

    // A coordinator that is killed is replaced in 15 to 19 s; a client that asks meanwhile gets an error that says to ask again.
    private static readonly TimeSpan AnswerTime = TimeSpan.FromSeconds(15);

    private readonly WebApplication _app;
    private readonly AgentOptions _options;
    private readonly Func<FleetSystem?> _system;
    private readonly ILogger _log;

    private AgentSocket(WebApplication app, AgentOptions options, Func<FleetSystem?> system, ILogger log)
    {
        (_app, _options, _system, _log) = (app, options, system, log);
    }

    /// <summary>Serves.</summary>
    /// <param name="options">The agent's configuration.</param>
    /// <param name="system">The actor system; null while the next one starts.</param>
    /// <param name="loggers">Where it says who asked for what.</param>
    /// <param name="cancellation">Ends the start.</param>
    /// <exception cref="CliException">The socket's path cannot be used.</exception>
    internal static async Task<AgentSocket> StartAsync(AgentOptions options, Func<FleetSystem?> system, ILoggerFactory loggers,
        CancellationToken cancellation)
    {
        var fd = Listen(options.Socket);
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.Services.AddSingleton<Microsoft.Extensions.Hosting.IHostLifetime, NoSignals>();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.ListenHandle((ulong)fd, endpoint => endpoint.Protocols = HttpProtocols.Http1);
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxConcurrentConnections = MostConnections;
            kestrel.Limits.MaxRequestBodySize = MostBodyBytes;
            kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
        });
        var app = builder.Build();
        var socket = new AgentSocket(app, options, system, loggers.CreateLogger("Ips.Host.Fleet"));
        app.Run(socket.AnswerAsync);
        await app.StartAsync(cancellation);
        return socket;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
        AtomicFile.TryRemove(_options.Socket);
    }

    // An agent that was killed has left its socket there. One that is alive keeps it, even if it has its records elsewhere.
    private static int Listen(string path)
    {
        try
        {
            ListeningSockets.RemoveStaleUnixSocket(path);
            return UnixSockets.Listen(path, OwnerOnly, Backlog);
        }
        catch (PosixException e)
        {
            throw new CliException(CliExitCode.Failed,
                $"ips.agent.socket is {path}, and cannot be listened on: {e.Message}. Does another agent run there?", e);
        }
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var (_, user, _) = UnixSockets.PeerCredentials((int)context.Features.GetRequiredFeature<IConnectionSocketFeature>().Socket.Handle);
        if (user != 0 && user != ProcessAttributes.EffectiveUserId)
        {
            await RefuseAsync(context, StatusCodes.Status403Forbidden, "Only the agent's own user and root may ask it.");
            return;
        }

        var operatorName = $"{UserAccount.Find(user)?.Name ?? "uid"} (uid {user}) on {_options.Name}";
        FleetMessage? message;
        try
        {
            message = await ReadAsync(context.Request, operatorName, context.RequestAborted);
        }
        catch (Exception e) when (e is JsonException or Microsoft.AspNetCore.Http.BadHttpRequestException)
        {
            await RefuseAsync(context, StatusCodes.Status400BadRequest, e.Message);
            return;
        }

        if (message is null)
        {
            await RefuseAsync(context, StatusCodes.Status404NotFound,
                $"This agent knows no {context.Request.Method} {context.Request.Path}.");
            return;
        }

        if (Fault(message) is { } fault)
        {
            await RefuseAsync(context, StatusCodes.Status400BadRequest, fault);
            return;
        }

        if (message is not FleetMessage.Look) _log.Asked(operatorName, message.GetType().Name.ToLowerInvariant());
        await AskAsync(context, message);
    }

    private async Task AskAsync(HttpContext context, FleetMessage message)
    {
        try
        {
            if (_system() is not { } system) throw new TimeoutException();
            var answer = await system.Coordinator.Ask<FleetMessage.Answer>(message, AnswerTime, context.RequestAborted);
            context.Response.ContentType = "application/json";
            await JsonSerializer.SerializeAsync(context.Response.Body, answer, FleetJson.Default.Answer, context.RequestAborted);
        }
        catch (Exception e) when (e is TimeoutException or AskTimeoutException)
        {
            await RefuseAsync(context, StatusCodes.Status503ServiceUnavailable,
                $"No coordinator has answered within {AnswerTime.TotalSeconds:0} s. It is being replaced, or this node cannot reach most "
                + "of the others. Services are not affected. Ask again; the agents' logs say which nodes they miss.");
        }
    }

    private static async Task<FleetMessage?> ReadAsync(HttpRequest request, string operatorName, CancellationToken cancellation) =>
        (request.Method, request.Path.Value) switch
        {
            ("GET", "/fleet") => new FleetMessage.Look(request.Query["name"].ToString()),
            ("POST", "/begin") => (await BodyAsync(request, FleetJson.Default.Begin, cancellation)) with { AskedBy = operatorName },
            ("POST", "/steer") => (await BodyAsync(request, FleetJson.Default.Steer, cancellation)) with { AskedBy = operatorName },
            ("POST", "/forget") => await BodyAsync(request, FleetJson.Default.Forget, cancellation),
            _ => null,
        };

    private static async Task<T> BodyAsync<T>(HttpRequest request, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type,
        CancellationToken cancellation) =>
        await JsonSerializer.DeserializeAsync(request.Body, type, cancellation) ?? throw new JsonException("the request is null");

    // What could not travel to the coordinator is told here.
    private static string? Fault(FleetMessage message)
    {
        try
        {
            FleetCodec.Encode(message);
            return null;
        }
        catch (FleetWireException e)
        {
            return e.Message;
        }
    }

    private static Task RefuseAsync(HttpContext context, int status, string message)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/plain; charset=utf-8";
        return context.Response.WriteAsync(message);
    }

    private sealed class NoSignals : Microsoft.Extensions.Hosting.IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}

internal static partial class AgentSocketLog
{
    [LoggerMessage(5910, LogLevel.Information, "{Operator} asks to {Verb}.")]
    public static partial void Asked(this ILogger logger, string @operator, string verb);
}
