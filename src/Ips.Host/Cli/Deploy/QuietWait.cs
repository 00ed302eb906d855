using Ips.Actors.Control;
using Ips.Actors.Diagnostics;

namespace Ips.Host.Cli.Deploy;

/// <summary>Waits until a service has no reload under way: what is asked for then does not wait in the service itself, where a newer
/// request could answer it.</summary>
internal sealed class QuietWait(ClientActions client, TimeProvider time)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);

    /// <summary>Waits.</summary>
    /// <param name="address">The service.</param>
    /// <param name="limit">How long.</param>
    /// <param name="waits">Is told once what is waited for.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <returns>The service then, and what it is still busy with, for a person; null if it is not.</returns>
    /// <exception cref="CliException">It cannot be asked.</exception>
    internal async Task<(DaemonStatus Status, string? Busy)> AwaitAsync(
        DaemonAddress address, TimeSpan limit, Action<string>? waits, CancellationToken cancellation)
    {
        var start = time.GetTimestamp();
        for (var told = false; ; told = true)
        {
            var status = await client.GetStatusAsync(address, cancellation);
            if (status is { Phase: null, Pending: null }) return (status, null);
            var what = TerminalText.Line(status.Phase ?? status.State);
            if (limit == TimeSpan.Zero) return (status, what);
            if (!told) waits?.Invoke(what);
            if (time.GetElapsedTime(start) > limit) return (status, what);
            await Task.Delay(Interval, time, cancellation);
        }
    }
}
