using System.Buffers;
using System.Collections.Concurrent;
using System.Globalization;
using System.IO.Pipelines;
using Ips.Actors.HttpFront;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Ips.Transport.Tests.Transport;

/// <summary>The app that the tests talk to.</summary>
internal sealed class TestApp
{
    private readonly ConcurrentDictionary<string, Gate> _gates = new();

    /// <summary>What an endpoint saw, for tests to wait for.</summary>
    public ConcurrentQueue<string> Seen { get; } = new();

    /// <summary>Requests that reached the app.</summary>
    public int Requests => Volatile.Read(ref _requests);

    private int _requests;

    /// <summary>A point in a request where the test decides when it goes on.</summary>
    public Gate At(string name) => _gates.GetOrAdd(name, _ => new Gate());

    public void ReleaseAll()
    {
        foreach (var gate in _gates.Values) gate.Release();
    }

    public void Map(WebApplication app, string host, bool watched)
    {
        if (watched) app.UseMiddleware<FrontMiddleware>();
        app.Use((context, next) =>
        {
            Interlocked.Increment(ref _requests);
            context.Response.Headers["X-Host"] = host;
            return next(context);
        });
        app.MapGet("/n/{id}", (string id) => id);
        app.MapGet("/gate/{name}", async (string name, HttpContext context) =>
        {
            using var aborted = context.RequestAborted.Register(() => Seen.Enqueue("aborted"));
            await At(name).PassAsync();
            return name;
        });
        app.MapGet("/close", (HttpContext context) =>
        {
            context.Response.Headers.Connection = "close";
            return "closing";
        });
        app.MapGet("/abort", (HttpContext context) => context.Abort());
        app.MapGet("/features", (HttpContext context) =>
            string.Join("\n", context.Features.Get<IConnectionLifetimeFeature>() is IFeatureCollection connection
                ? connection.Select(feature => feature.Key.FullName!).Where(name => !name.StartsWith("Ips.", StringComparison.Ordinal))
                    .Order(StringComparer.Ordinal)
                : Enumerable.Empty<string>()));
        app.MapGet("/items", (HttpContext context) =>
        {
            context.Features.Get<IConnectionItemsFeature>()!.Items["identity"] = "someone";
            return "kept";
        });
        app.MapGet("/feature", (HttpContext context) =>
        {
            ((IFeatureCollection)context.Features.GetRequiredFeature<IConnectionLifetimeFeature>()).Set(new Version(1, 0));
            return "kept";
        });
        app.MapGet("/large", async (int bytes, HttpResponse response) =>
        {
            response.ContentLength = bytes;
            var block = new byte[32 * 1024];
            Array.Fill(block, (byte)'l');
            for (; bytes > 0; bytes -= block.Length)
                await response.Body.WriteAsync(block.AsMemory(0, Math.Min(bytes, block.Length)));
            Seen.Enqueue("written");
        });
        app.MapPost("/echo", async (HttpRequest request) =>
        {
            using var reader = new StreamReader(request.Body);
            try
            {
                return await reader.ReadToEndAsync();
            }
            catch (Exception e)
            {
                Seen.Enqueue(e.GetType().Name);
                throw;
            }
        });
        app.MapPost("/pipe", async (HttpRequest request) => await ReadPipeAsync(request.BodyReader, consume: true));
        app.MapPost("/examine", async (HttpRequest request) => await ReadPipeAsync(request.BodyReader, consume: false));
        app.MapPost("/exact", async (HttpRequest request) =>
        {
            await request.Body.ReadExactlyAsync(new byte[(int)request.ContentLength!]);
            return "read";
        });
        app.MapPost("/unread", () => "unread");
        app.MapPost("/some", async (int bytes, HttpRequest request) =>
        {
            await request.Body.ReadExactlyAsync(new byte[bytes]);
            return "some";
        });
        app.MapPost("/unread-gate/{name}", async (string name) =>
        {
            await At(name).PassAsync();
            return "unread";
        });
        app.MapGet("/upgrade", async (HttpContext context) =>
        {
            await using var stream = await context.Features.Get<IHttpUpgradeFeature>()!.UpgradeAsync();
            var buffer = new byte[256];
            int count;
            while ((count = await stream.ReadAsync(buffer)) > 0)
            {
                await stream.WriteAsync(buffer.AsMemory(0, count));
                await stream.FlushAsync();
            }
        });
    }

    private static async Task<string> ReadPipeAsync(PipeReader reader, bool consume)
    {
        while (true)
        {
            var result = await reader.ReadAsync();
            var length = result.Buffer.Length;
            var ended = result.IsCompleted;
            reader.AdvanceTo(ended && consume ? result.Buffer.End : result.Buffer.Start, result.Buffer.End);
            if (ended) return length.ToString(CultureInfo.InvariantCulture);
        }
    }

    /// <summary>Where a request stops until the test lets it go on.</summary>
    internal sealed class Gate
    {
        private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task ReachedAsync() => _reached.Task.WaitAsync(Limits.Step);

        public void Release() => _released.TrySetResult();

        internal Task PassAsync()
        {
            _reached.TrySetResult();
            return _released.Task;
        }
    }
}
