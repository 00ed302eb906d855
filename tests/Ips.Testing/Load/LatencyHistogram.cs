using System.Numerics;

namespace Ips.Testing.Load;

/// <summary>Counts durations in buckets of at most 3 % width, from 1 µs up; exact below 32 µs.</summary>
internal sealed class LatencyHistogram
{
    // 5 bits of precision: a power of two is split in 32 buckets.
    private const int PrecisionBits = 5;
    private const int Width = 1 << PrecisionBits;
    private readonly long[] _counts = new long[(64 - PrecisionBits) * Width];
    private long _count;

    /// <summary>The longest duration recorded.</summary>
    public TimeSpan Longest { get; private set; }

    /// <summary>Counts one duration.</summary>
    public void Record(TimeSpan duration)
    {
        _counts[BucketOf((ulong)Math.Max(0, duration.Ticks / TimeSpan.TicksPerMicrosecond))]++;
        _count++;
        if (duration > Longest) Longest = duration;
    }

    /// <summary>The duration that <paramref name="share"/> (from 0 to 1) of those recorded do not exceed; zero if there are none.</summary>
    public TimeSpan Percentile(double share)
    {
        var wanted = (long)Math.Ceiling(share * _count);
        var seen = 0L;
        for (var bucket = 0; bucket < _counts.Length && wanted > 0; bucket++)
        {
            seen += _counts[bucket];
            if (seen < wanted) continue;
            // The bucket's upper end, but never more than was seen.
            var upper = TimeSpan.FromMicroseconds(StartOf(bucket + 1));
            return upper < Longest ? upper : Longest;
        }

        return TimeSpan.Zero;
    }

    private static int BucketOf(ulong value)
    {
        if (value < Width) return (int)value;
        var shift = BitOperations.Log2(value) - PrecisionBits;
        return ((shift + 1) * Width) + (int)(value >> shift) - Width;
    }

    private static long StartOf(int bucket)
    {
        if (bucket < Width) return bucket;
        var shift = (bucket / Width) - 1;
        return (long)(Width + (bucket % Width)) << shift;
    }
}
