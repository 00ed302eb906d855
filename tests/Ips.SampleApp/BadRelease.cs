using System.Collections.Concurrent;
using System.Diagnostics;

namespace Ips.SampleApp;

/// <summary>Twenty routes that each take <see cref="Usual"/>, and what a release can do wrong once it serves, so that no check and no
/// warm-up sees it. A file <c>bad-…</c> in the release's folder says which.</summary>
internal static class BadRelease
{
    /// <summary>The routes are <c>/work0</c> to <c>/work19</c>.</summary>
    private const int Routes = 20;

    private const int DeadlocksAfter = 20;
    private const int LeakBytes = 64 * 1024;

    private static readonly TimeSpan Usual = TimeSpan.FromMilliseconds(10);
    private static readonly ConcurrentBag<byte[]> Leaked = [];
    private static readonly ManualResetEventSlim Never = new();
    private static int _requests;

    /// <summary>Maps the routes, with the fault that the release has.</summary>
    public static void Map(WebApplication app, IIpsGeneration generation)
    {
        var serves = false;
        generation.OnServing(_ =>
        {
            serves = true;
            return Task.CompletedTask;
        });
        var fault = Fault();
        for (var route = 0; route < Routes; route++)
        {
            var number = route;
            app.MapGet($"/work{number}", async context =>
            {
                if (serves) await fault(context, number);
                else await AnswerAsync(context, Usual);
            });
        }
    }

    private static Func<HttpContext, int, Task> Fault()
    {
        if (ReleaseFolder.Has("bad-fails")) return (context, _) => FailAsync(context);
        if (ReleaseFolder.Has("bad-fails-on-one-route")) return (context, route) => FailIfAsync(route == 7, context);
        if (ReleaseFolder.Has("bad-fails-sometimes"))
            return (context, _) => FailIfAsync(Interlocked.Increment(ref _requests) % 50 == 0, context);
        if (ReleaseFolder.Has("bad-fails-for-one-kind-of-client"))
            return (context, _) => FailIfAsync(context.Request.Headers.ContainsKey("X-Old-Client"), context);
        if (ReleaseFolder.Has("bad-slow")) return (context, _) => AnswerAsync(context, 3 * Usual);
        if (ReleaseFolder.Has("bad-a-little-slower")) return (context, _) => AnswerAsync(context, 1.3 * Usual);
        if (ReleaseFolder.Has("bad-leaks")) return LeakAsync;
        if (ReleaseFolder.Has("bad-dies-after-100")) return (context, _) => DieAfterAsync(100, context);
        if (ReleaseFolder.Has("bad-dies-after-1000")) return (context, _) => DieAfterAsync(1000, context);
        return ReleaseFolder.Has("bad-deadlocks") ? DeadlockAsync : (context, _) => AnswerAsync(context, Usual);
    }

    private static async Task AnswerAsync(HttpContext context, TimeSpan after)
    {
        await Task.Delay(after);
        await context.Response.WriteAsync("done");
    }

    private static Task FailIfAsync(bool fails, HttpContext context) => fails ? FailAsync(context) : AnswerAsync(context, Usual);

    private static Task FailAsync(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status500InternalServerError;
        return Task.CompletedTask;
    }

    private static Task LeakAsync(HttpContext context, int route)
    {
        var leaked = new byte[LeakBytes];
        Array.Fill(leaked, (byte)route); // or the kernel would give it no memory
        Leaked.Add(leaked);
        return AnswerAsync(context, Usual);
    }

    private static Task DieAfterAsync(int requests, HttpContext context)
    {
        if (Interlocked.Increment(ref _requests) > requests) Process.GetCurrentProcess().Kill();
        return AnswerAsync(context, Usual);
    }

    // Each request takes a thread of the pool with it.
    private static Task DeadlockAsync(HttpContext context, int route)
    {
        if (Interlocked.Increment(ref _requests) > DeadlocksAfter) Never.Wait();
        return AnswerAsync(context, Usual);
    }
}
