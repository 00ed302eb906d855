namespace Ips.Actors.Handover;

/// <summary>The buckets that latencies are counted in, the same in every build: bucket <c>i</c> is of 10 µs × 1.1^i and more. Histograms
/// of the same scale are merged by adding their counts. Pure.</summary>
internal static class LatencyScale
{
    /// <summary>Number of buckets; the last one is of 38 s and more.</summary>
    public const int Buckets = 160;

    private const double Step = 1.1; // of two buckets: a quantile is off by a twentieth at most
    private const double Least = 0.00001; // s

    private static readonly double s_logStep = Math.Log(Step);

    /// <summary>The bucket of a latency.</summary>
    /// <param name="seconds">The latency, in seconds.</param>
    public static int BucketOf(double seconds) =>
        seconds > Least ? Math.Min((int)(Math.Log(seconds / Least) / s_logStep), Buckets - 1) : 0;

    /// <summary>The middle of a bucket, in seconds.</summary>
    public static double Middle(int bucket) => Least * Math.Pow(Step, bucket + .5);

    /// <summary>A quantile of a histogram, in milliseconds; null if it is empty.</summary>
    /// <param name="counts">The count of each bucket.</param>
    /// <param name="share">Which quantile, from 0 to 1.</param>
    public static double? QuantileMs(ReadOnlySpan<long> counts, double share)
    {
        long total = 0;
        foreach (var count in counts) total += count;
        var rank = (long)Math.Ceiling(total * share);
        if (rank == 0) return null;
        var bucket = 0;
        for (var seen = counts[0]; seen < rank; seen += counts[bucket]) bucket++;
        return Math.Round(Middle(bucket) * 1000, 3);
    }
}
