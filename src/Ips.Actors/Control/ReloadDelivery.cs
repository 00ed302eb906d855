using Ips.Actors.Lifecycle;

namespace Ips.Actors.Control;

/// <summary>Passes a reload on to the main process, as a client of its control socket.</summary>
[SupportedOSPlatform("linux")]
internal static class ReloadDelivery
{
    // The main process may have died, and be restarted on the sockets that this one kept.
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan RetryInterval = TimeSpan.FromMilliseconds(100);

    /// <summary>Retries until the main process accepts the request. It then reports the outcome to its log, its history and every
    /// client that asks with the same id.</summary>
    /// <param name="controlPath">The control socket.</param>
    /// <param name="request">The request, with an id: asked again it counts once.</param>
    /// <param name="time">The clock of the limits.</param>
    /// <returns>Why it was not taken; null if it was.</returns>
    public static async Task<string?> DeliverAsync(string controlPath, ReloadRequest request, TimeProvider time)
    {
        var start = time.GetTimestamp();
        while (true)
        {
            var (failure, again) = await TryAsync(controlPath, ControlRequest.For(request), time).ConfigureAwait(false);
            if (failure is null || !again || time.GetElapsedTime(start) >= Limit) return failure;
            await Task.Delay(RetryInterval, time).ConfigureAwait(false);
        }
    }

    private static async Task<(string? Failure, bool Again)> TryAsync(string controlPath, ControlRequest request, TimeProvider time)
    {
        try
        {
            var answers = new ControlClient(controlPath, time) { Timeout = Limit, DaemonSetsTimeout = false }.AskAsync(request)
                .GetAsyncEnumerator();
            await using (answers.ConfigureAwait(false))
            {
                // The first word says that it was taken, or why not.
                return await answers.MoveNextAsync().ConfigureAwait(false) && answers.Current is var first && first.Kind != "error"
                    ? (null, false) : (answers.Current?.Message ?? "it gave no reason", false);
            }
        }
        catch (ControlException e)
        {
            return (e.Message, e.Failure is ControlFailure.SocketMissing or ControlFailure.NobodyListens or ControlFailure.DaemonGone);
        }
    }
}
