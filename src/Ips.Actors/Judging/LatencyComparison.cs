using Ips.Actors.Handover;

namespace Ips.Actors.Judging;

/// <summary>Whether a latency is much longer than another: more than so many times, and by at least so many ms. Pure.</summary>
internal sealed class LatencyComparison
{
    /// <summary>1.5 times as slow, by 1 ms or more.</summary>
    public static readonly LatencyComparison Slower = new(1.5, 1);

    /// <summary>Twice as slow, by 1 ms or more.</summary>
    public static readonly LatencyComparison TwiceAsSlow = new(2, 1);

    /// <summary>1.3 times as slow, by 0.3 ms or more.</summary>
    public static readonly LatencyComparison ALittleSlower = new(1.3, .3);

    private readonly int[] _bar = new int[LatencyScale.Buckets]; // of a latency in the other generation: what counts as longer is beyond

    /// <param name="factor">How many times as long.</param>
    /// <param name="leastMs">By how many milliseconds at least.</param>
    public LatencyComparison(double factor, double leastMs)
    {
        for (var bucket = 0; bucket < _bar.Length; bucket++)
        {
            var before = LatencyScale.Middle(bucket);
            _bar[bucket] = LatencyScale.BucketOf(Math.Max(before * factor, before + (leastMs / 1000)));
        }
    }

    /// <summary>The share of pairs in which the new latency is much longer than the old one; a pair on the bar counts half.</summary>
    /// <param name="before">Latencies of the one generation, at least one.</param>
    /// <param name="after">Latencies of the other one, at least one.</param>
    public double ShareOfLonger(LatencyCounts before, LatencyCounts after)
    {
        Span<long> bars = stackalloc long[LatencyScale.Buckets];
        bars.Clear();
        for (var bucket = 0; bucket < _bar.Length; bucket++) bars[_bar[bucket]] += before.Of(bucket);
        var (longer, below) = (0.0, 0L);
        for (var bucket = 0; bucket < _bar.Length; bucket++)
        {
            longer += after.Of(bucket) * (below + (0.5 * bars[bucket]));
            below += bars[bucket];
        }

        return longer / ((double)before.Total * after.Total);
    }
}

/// <summary>A histogram of latencies.</summary>
internal sealed class LatencyCounts
{
    private readonly long[] _counts = new long[LatencyScale.Buckets];

    /// <summary>How many there are.</summary>
    public long Total { get; private set; }

    /// <summary>How many there are in a bucket.</summary>
    public long Of(int bucket) => _counts[bucket];

    /// <summary>A quantile in milliseconds; null if there is none.</summary>
    public double? QuantileMs(double share) => LatencyScale.QuantileMs(_counts, share);

    /// <summary>Merges what a window counted.</summary>
    /// <param name="latency">Bucket, count, bucket, count, and so on.</param>
    public void Add(IReadOnlyList<int> latency)
    {
        for (var i = 0; i + 1 < latency.Count; i += 2)
        {
            _counts[latency[i]] += latency[i + 1];
            Total += latency[i + 1];
        }
    }

    /// <summary>Forgets all.</summary>
    public void Clear()
    {
        Array.Clear(_counts);
        Total = 0;
    }
}

/// <summary>Latencies of both generations that are compared at once.</summary>
internal sealed class LatencyBlock
{
    /// <summary>The weight of 8 latencies against 8.</summary>
    public const double Enough = 4;

    private readonly LatencyCounts _before = new(), _after = new();

    /// <summary>How much a comparison can tell: the harmonic mean of both numbers, halved.</summary>
    public double Weight => _before.Total > 0 && _after.Total > 0
        ? (double)_before.Total * _after.Total / (_before.Total + _after.Total) : 0;

    /// <summary>Adds latencies.</summary>
    public void Add(IReadOnlyList<int> latency, bool after) => (after ? _after : _before).Add(latency);

    /// <summary>The share of pairs in which the successor's is much longer.</summary>
    public double ShareOfLonger(LatencyComparison comparison) => comparison.ShareOfLonger(_before, _after);

    /// <summary>Begins anew.</summary>
    public void Clear()
    {
        _before.Clear();
        _after.Clear();
    }
}
