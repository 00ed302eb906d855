using System.Diagnostics.Metrics;
using Ips.Actors.Handover;

namespace Ips.Actors.HttpFront;

/// <summary>How long requests take, by ASP.NET Core's own measure, while somebody watches. While nobody does it costs nothing.</summary>
/// <param name="scope">The app's <see cref="IMeterFactory"/>: another host of the process is not measured. Null measures all.</param>
internal sealed class RequestLatency(object? scope) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly long[] _counts = new long[LatencyScale.Buckets];
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
        listener.SetMeasurementEventCallback<double>(
            (_, seconds, _, _) => Interlocked.Increment(ref _counts[LatencyScale.BucketOf(seconds)]));
        listener.Start();
        return listener;
    }

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
            return (LatencyScale.QuantileMs(counts, .5), LatencyScale.QuantileMs(counts, .99));
        }

        public void Dispose()
        {
            if (_ended) return;
            _ended = true;
            latency.End();
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
