using System.Runtime.CompilerServices;
using Ips.Actors.Control;

namespace Ips.Host.Cli.Live;

/// <summary>Follows a service through its generations: when the main process hands over, it asks the next one.</summary>
/// <param name="client">Makes a client of the service's control socket.</param>
/// <param name="interval">Time between two snapshots.</param>
/// <param name="time">The clock.</param>
internal sealed class WatchFollower(Func<ControlClient> client, TimeSpan interval, TimeProvider time)
{
    /// <summary>Longest watch of one process.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromDays(30);

    private static readonly TimeSpan s_retry = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5); // for the next process to take the socket over

    /// <summary>Have the app's health checks run for each snapshot.</summary>
    public bool Health { get; init; }

    /// <summary>The snapshots, until the service ends.</summary>
    /// <exception cref="ControlException">It cannot be asked, or has ended.</exception>
    /// <exception cref="NotSupportedException">The daemon is of a release that cannot be watched.</exception>
    public async IAsyncEnumerable<WatchSnapshot> FollowAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        long? seen = null; // a service that was never there is not waited for
        while (true)
        {
            var request = new ControlRequest(ControlVerb.Watch) { IntervalMs = interval.TotalMilliseconds, Health = Health };
            var events = client().AskAsync(request, cancellation).GetAsyncEnumerator(cancellation);
            await using (events.ConfigureAwait(false))
            {
                while (await NextAsync(events) is { } next)
                {
                    if (next.Kind == "error") throw new NotSupportedException(next.Message);
                    if (next.Watch is not { } snapshot) break; // it is no longer the main process
                    seen = time.GetTimestamp();
                    yield return snapshot;
                }
            }

            await Task.Delay(s_retry, time, cancellation);
        }

        // A process that ends in the middle may have handed over; who is there no more for some seconds has not.
        async Task<ControlEvent?> NextAsync(IAsyncEnumerator<ControlEvent> events)
        {
            try
            {
                return await events.MoveNextAsync() ? events.Current : null;
            }
            catch (ControlException) when (seen is { } last && time.GetElapsedTime(last) < s_patience)
            {
                return null;
            }
        }
    }
}
