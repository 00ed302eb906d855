namespace Ips.SampleApp;

/// <summary>A stream of events without an end of its own, which says goodbye when its generation leaves.</summary>
internal static class ServerSentEvents
{
    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(50);

    public static async Task ServeAsync(HttpContext context)
    {
        context.Response.ContentType = "text/event-stream";
        var leaving = context.IpsLeaving();
        for (var number = 1; !leaving.IsCancellationRequested; number++)
        {
            await context.Response.WriteAsync($"id: {number}\ndata: tick\n\n", context.RequestAborted);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(leaving, context.RequestAborted);
            await Task.Delay(s_interval, either.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await context.Response.WriteAsync("event: moved\ndata: connect again\n\n", context.RequestAborted);
    }
}
