using System.Runtime.InteropServices;

namespace Ips.Actors.Judging;

/// <summary>The connections that failed in the last seconds. Kept all the time, as a reload may begin at any time: only a failure costs
/// anything.</summary>
internal sealed class RecentFailures
{
    /// <summary>How long a failure is remembered.</summary>
    public static readonly TimeSpan Memory = TimeSpan.FromSeconds(5);

    private const int Capacity = 1024; // with more failures in 5 s, only the newest are known

    private readonly Lock _gate = new();
    private (long Connection, long At)[]? _ring; // made at the first failure
    private int _next;

    /// <summary>A request of a connection failed.</summary>
    /// <param name="connection">Which.</param>
    /// <param name="nowMs">Milliseconds of a clock.</param>
    public void Add(long connection, long nowMs)
    {
        lock (_gate)
        {
            _ring ??= new (long, long)[Capacity];
            _ring[_next] = (connection, nowMs + 1); // 0 is an empty place
            _next = (_next + 1) % Capacity;
        }
    }

    /// <summary>The connections that failed in the last 5 s, and how often.</summary>
    public IReadOnlyDictionary<long, int> Since(long nowMs)
    {
        var failed = new Dictionary<long, int>();
        lock (_gate)
        {
            foreach (var (connection, at) in _ring ?? [])
            {
                if (at > 0 && nowMs - (at - 1) <= Memory.TotalMilliseconds)
                {
                    CollectionsMarshal.GetValueRefOrAddDefault(failed, connection, out _)++;
                }
            }
        }

        return failed;
    }
}
