using System.Diagnostics;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace Ips.AppKinds.Kinds;

/// <summary>OpenTelemetry: traces and metrics of the requests, of which <c>/kind</c> tells how many there were before it.</summary>
internal static class Telemetry
{
    public static Task RunAsync(string[] args, bool line)
    {
        var builder = WebApplication.CreateBuilder(args);
        if (line) builder.AddIps();
        var (spans, measurements) = (new SpanCount(), new RequestMetrics());
        builder.Services.AddOpenTelemetry()
            .WithTracing(tracing => tracing.AddAspNetCoreInstrumentation().AddProcessor(spans))
            .WithMetrics(metrics => metrics.AddAspNetCoreInstrumentation().AddReader(new BaseExportingMetricReader(measurements)));
        var app = builder.Build();
        app.MapCommon();
        app.MapGet("/kind", (MeterProvider meters) =>
        {
            meters.ForceFlush();
            return $"{spans.Ended} spans, {measurements.Requests} measurements";
        });
        return app.RunAsync();
    }

    private sealed class SpanCount : BaseProcessor<Activity>
    {
        private int _ended;

        public int Ended => Volatile.Read(ref _ended);

        public override void OnEnd(Activity data) => Interlocked.Increment(ref _ended);
    }

    private sealed class RequestMetrics : BaseExporter<Metric>
    {
        public long Requests { get; private set; }

        public override ExportResult Export(in Batch<Metric> batch)
        {
            foreach (var metric in batch)
            {
                if (metric.Name != "http.server.request.duration") continue;
                Requests = 0;
                foreach (ref readonly var point in metric.GetMetricPoints()) Requests += point.GetHistogramCount();
            }

            return ExportResult.Success;
        }
    }
}
