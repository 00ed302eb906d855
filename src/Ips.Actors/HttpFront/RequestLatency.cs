using System.Diagnostics.Metrics;
using Ips.Actors.Handover;

namespace Ips.Actors.HttpFront;

/// <summary>How long requests take, by ASP.NET Core's own measure, while somebody watches. While nobody does it costs nothing.</summary>
/// <param name="scope">The app's <see cref="IMeterFactory"/>: another host of the process is not measured. Null measures all.</param>
internal sealed class RequestLatency(object? scope) : IDisposable
{
    private const double Step = 1.1; // of two buckets: a quantile is off by a twentieth at most
    private const double Least = 0.00001; // s
    private const int Buckets = 160; // the last one is of 40 s and more

    private static readonly double s_logStep = Math.Log(Step);

    private readonly Lock _gate = new();
    private readonly long[] _counts = new long[Buckets];
    private MeterListener? _listener;
    private int _watchers;

    /// <summary>Somebody watches, until the result is disposed of.</summary>
    public Watch Begin()
    {
        lock (_gate)
        {
            if (_watchers++ == 0) _listener = Listen();
        }

        return new Watch(this);
    }

    public void Dispose() => _listener?.Dispose();

    private MeterListener Listen()
    {
        var listener = new MeterListener
        {
            InstrumentPublished = (instrument, subscriber) =>
            {
                if (instrument is { Name: "http.server.request.duration", Meter.Name: "Microsoft.AspNetCore.Hosting" }
                    && (scope is null || ReferenceEquals(instrument.Meter.Scope, scope)))
                {
                    subscriber.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<double>((_, seconds, _, _) => Interlocked.Increment(ref _counts[BucketOf(seconds)]));
        listener.Start();
        return listener;
    }

    private static int BucketOf(double seconds) => Math.Clamp((int)(Math.Log(seconds / Least) / s_logStep), 0, Buckets - 1);

    private void End()
    {
        lock (_gate)
        {
            if (--_watchers > 0) return;
            _listener?.Dispose();
            _listener = null;
        }
    }

    /// <summary>One who watches.</summary>
    internal sealed class Watch(RequestLatency latency) : IDisposable
    {
        private long[] _before = [.. latency._counts];
        private bool _ended;

        /// <summary>The median and the 99th percentile since it was asked last, in milliseconds; null if there was no request.</summary>
        public (double? P50Ms, double? P99Ms) Take()
        {
            long[] now = [.. latency._counts];
            var counts = now.Zip(_before, (after, before) => after - before).ToArray();
            _before = now;
            return (Quantile(counts, .5), Quantile(counts, .99));
        }

        public void Dispose()
        {
            if (_ended) return;
            _ended = true;
            latency.End();
        }

        private static double? Quantile(long[] counts, double share)
        {
            var rank = (long)Math.Ceiling(counts.Sum() * share);
            if (rank == 0) return null;
            var bucket = 0;
            for (var seen = counts[0]; seen < rank; seen += counts[bucket]) bucket++;
            return Math.Round(Least * Math.Pow(Step, bucket + .5) * 1000, 3);
        }
    }

    /// <summary>What this generation is doing.</summary>
    /// <param name="connections">Connections that are open.</param>
    /// <param name="running">Requests that run.</param>
    /// <param name="watch">The watch that measures latency; null for none.</param>
    public static LoadReport Report(int connections, int running, Watch? watch)
    {
        var (p50, p99) = watch?.Take() ?? (null, null);
        return new(connections, running, p50, p99);
    }
}
