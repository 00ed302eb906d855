using System.Net;
using System.Text;
using System.Text.Json;
using Ips.Host.Cli;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Ips.Host.Dashboard;

/// <summary>Serves the page on 127.0.0.1 and a port of the kernel's choice. It has no configuration: nothing in a file or in the
/// environment makes it listen elsewhere.</summary>
internal sealed class DashboardServer : IAsyncDisposable
{
    private const int MostOrderBytes = 1024, MostConnections = 256;

    // A page that takes no byte for this long is dropped.
    private static readonly TimeSpan WriteLimit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(15), Rescan = TimeSpan.FromSeconds(3);

    private static readonly (string Name, string Type)[] Files =
        [("index.html", "text/html"), ("dashboard.css", "text/css"), ("dashboard.js", "text/javascript")];

    private readonly WebApplication _app;
    private readonly DashboardStreams _streams = new();
    private readonly DashboardOrders _orders;
    private readonly TimeProvider _time;
    private readonly List<string> _sockets = [];
    private readonly CancellationTokenSource _ending = new();
    private readonly List<Task> _feeds = [];
    private DashboardGate? _gate;

    private DashboardServer(TimeProvider time)
    {
        _time = time;
        _orders = new DashboardOrders(_streams, time);
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>(); // the command takes the signals
        builder.WebHost.UseKestrelCore().ConfigureKestrel(Configure);
        _app = builder.Build();
        _app.Run(AnswerAsync);
    }

    /// <summary>The address to open, once.</summary>
    internal string Address => _gate!.Address;

    /// <summary>The pages that are open.</summary>
    internal DashboardStreams Streams => _streams;

    /// <summary>Starts.</summary>
    /// <param name="sockets">The control sockets of the services to show.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellation">Ends the start.</param>
    internal static async Task<DashboardServer> StartAsync(IReadOnlyList<string> sockets, TimeProvider time, CancellationToken cancellation)
    {
        var server = new DashboardServer(time);
        foreach (var socket in sockets) server.Add(socket);
        await server._app.StartAsync(cancellation);
        server._gate = DashboardGate.Create(new Uri(server._app.Urls.Single()).Port);
        return server;
    }

    /// <summary>Adds services as they start, until it is cancelled.</summary>
    /// <param name="find">Finds the control sockets.</param>
    /// <param name="cancellation">Ends it.</param>
    internal async Task FollowAsync(Func<IReadOnlyList<string>> find, CancellationToken cancellation)
    {
        while (true)
        {
            await Task.Delay(Rescan, _time, cancellation);
            foreach (var socket in find().Except(_sockets).Take(DashboardServices.Most - _sockets.Count).ToList()) Add(socket);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        await Task.WhenAll(_feeds);
        await _app.DisposeAsync();
        _ending.Dispose();
    }

    private void Add(string socket)
    {
        int number;
        lock (_sockets)
        {
            _sockets.Add(socket);
            number = _sockets.Count;
            var services = _sockets.Select((path, index) => new PageService(index + 1, path[..^DashboardServices.SocketSuffix.Length]));
            _streams.Publish(DashboardJson.Event("hello", new PageHello(Version, [.. services])), "hello");
        }

        _feeds.Add(new DashboardFeed(number, socket, _streams, _time).RunAsync(_ending.Token));
    }

    private static string Version => typeof(DashboardServer).Assembly.GetName().Version?.ToString(3) ?? "";

    private static void Configure(KestrelServerOptions options)
    {
        options.Listen(IPAddress.Loopback, 0, endpoint => endpoint.Protocols = HttpProtocols.Http1);
        options.AddServerHeader = false;
        options.Limits.MaxConcurrentConnections = MostConnections;
        options.Limits.MaxRequestBodySize = MostOrderBytes;
        options.Limits.MaxRequestHeadersTotalSize = 16 * 1024;
        options.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
        options.Limits.KeepAliveTimeout = TimeSpan.FromSeconds(60);
        options.Limits.MaxResponseBufferSize = 256 * 1024;
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var headers = context.Response.Headers;
        headers.CacheControl = "no-store";
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        headers.ContentSecurityPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
            + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";
        if (_gate is not { } gate)
        {
            await RefuseAsync(context, StatusCodes.Status503ServiceUnavailable, "The page is starting.");
            return;
        }

        var decision = gate.Decide(Look(context.Request));
        switch (decision.Answer)
        {
            case GateAnswer.Enter: await EnterAsync(context, gate); break;
            case GateAnswer.Admit: await AdmitAsync(context, context.Request.Path.Value![gate.Folder.Length..]); break;
            default: await RefuseAsync(context, decision.Status, decision.Reason); break;
        }
    }

    private static GateRequest Look(HttpRequest request) =>
        new(request.Method, request.Path.Value ?? "", request.Headers.Host is [var host] ? host : null)
        {
            Token = request.Query["token"] is [var token] ? token : null,
            Cookie = request.Cookies[DashboardGate.CookieName],
            Origin = request.Headers.Origin.Count == 0 ? null : request.Headers.Origin.ToString(),
            FetchSite = request.Headers["Sec-Fetch-Site"].Count == 0 ? null : request.Headers["Sec-Fetch-Site"].ToString(),
            IsPrefetch = request.Headers["Sec-Purpose"].ToString().Contains("prefetch", StringComparison.OrdinalIgnoreCase),
            ContentType = request.ContentType,
        };

    // The page goes on by itself and not by a redirect: a browser sends no strict cookie where another site began the way.
    private static Task EnterAsync(HttpContext context, DashboardGate gate)
    {
        context.Response.Headers.SetCookie = gate.SetCookie;
        return SendAsync(context, "text/html", $"<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Ips</title>"
            + $"<meta http-equiv=\"refresh\" content=\"0;url={gate.Folder}\"><p><a href=\"{gate.Folder}\">Open the dashboard</a></html>\n");
    }

    private Task AdmitAsync(HttpContext context, string name)
    {
        if (name == "order") return context.Request.Method == "POST" ? OrderAsync(context) : NotAllowed();
        if (context.Request.Method == "POST") return NotAllowed();
        if (name == "events") return StreamAsync(context);
        foreach (var (file, type) in Files)
        {
            if (name == file || (name.Length == 0 && file == "index.html")) return SendAsync(context, type, DashboardPage.Text(file));
        }

        return RefuseAsync(context, StatusCodes.Status404NotFound, "There is no such page.");

        Task NotAllowed() => RefuseAsync(context, StatusCodes.Status405MethodNotAllowed, "Orders come by POST, all else by GET.");
    }

    private async Task OrderAsync(HttpContext context)
    {
        PageOrder? order = null;
        try
        {
            order = await JsonSerializer.DeserializeAsync(context.Request.Body, PageJson.Default.PageOrder, context.RequestAborted);
        }
        catch (Exception e) when (e is JsonException or Microsoft.AspNetCore.Http.BadHttpRequestException)
        {
            // refused below
        }

        string? socket;
        lock (_sockets) socket = order is null ? null : _sockets.ElementAtOrDefault(order.Service - 1);
        var (status, text) = socket is null ? (StatusCodes.Status400BadRequest, "An order names a service and a verb.")
            : _orders.TryBegin(order!, socket, _ending.Token) switch
            {
                true => (StatusCodes.Status202Accepted, "It has begun."),
                false => (StatusCodes.Status429TooManyRequests, $"{DashboardOrders.Most} orders are being carried out; wait for one."),
                null => (StatusCodes.Status400BadRequest, "The verbs are reload, check, pause and resume."),
            };
        context.Response.StatusCode = status;
        await SendAsync(context, "text/plain", text);
    }

    private async Task StreamAsync(HttpContext context)
    {
        using var stream = _streams.TryOpen();
        if (stream is null)
        {
            context.Response.Headers.RetryAfter = "5";
            await RefuseAsync(context, StatusCodes.Status503ServiceUnavailable, $"{DashboardStreams.MostOpen} pages are open; close one.");
            return;
        }

        context.Response.ContentType = "text/event-stream";
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, stream.Dropped, _ending.Token);
        try
        {
            while (!ending.IsCancellationRequested)
            {
                var text = new StringBuilder();
                while (stream.Messages.TryRead(out var message)) text.Append(message);
                if (text.Length == 0) text.Append(":\n\n"); // a line that says nothing, so that both ends know of each other
                using (var write = CancellationTokenSource.CreateLinkedTokenSource(ending.Token))
                {
                    write.CancelAfter(WriteLimit);
                    await context.Response.WriteAsync(text.ToString(), write.Token);
                    await context.Response.Body.FlushAsync(write.Token);
                }

                using var wait = CancellationTokenSource.CreateLinkedTokenSource(ending.Token);
                wait.CancelAfter(Heartbeat);
                try
                {
                    await stream.Messages.WaitToReadAsync(wait.Token);
                }
                catch (OperationCanceledException) when (!ending.IsCancellationRequested)
                {
                    // nothing new: the heartbeat
                }
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            // It left, does not read, or this process ends.
        }

        context.Abort();
    }

    private static Task RefuseAsync(HttpContext context, int status, string reason)
    {
        context.Response.StatusCode = status;
        return SendAsync(context, "text/plain", reason + "\n");
    }

    private static async Task SendAsync(HttpContext context, string type, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        context.Response.ContentType = $"{type}; charset=utf-8";
        context.Response.ContentLength = bytes.Length;
        if (!HttpMethods.IsHead(context.Request.Method)) await context.Response.Body.WriteAsync(bytes, context.RequestAborted);
    }

    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}

/// <summary>The files of the page, which are part of this program.</summary>
internal static class DashboardPage
{
    /// <summary>The text of a file.</summary>
    internal static string Text(string name)
    {
        using var stream = typeof(DashboardPage).Assembly.GetManifestResourceStream($"dashboard/{name}")
            ?? throw new InvalidOperationException($"The program lacks its resource dashboard/{name}.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
